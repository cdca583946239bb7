/* zdtm:
 * title: protection keys: those given out, of mappings and of memory that can only be executed, and each thread's
 * rights
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "check.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

static zdtm_event_t ready, look;
static int other_key;

/* A thread with rights of its own to a key that the main thread may use. */
static void* other_thread(void* arg) {
  must(pkey_set(other_key, PKEY_DISABLE_ACCESS));
  event_set(&ready, 1);
  event_wait(&look, 1);
  return (void*)(intptr_t)pkey_get(other_key);
}

static int key_of(const void* address) {
  struct vma v;
  expect(!vma_at(address, &v));
  return v.pkey;
}

int main(int argc, char** argv) {
  pthread_t thread;
  void* rights;
  test_init(argc, argv);
  int guarded = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  if (guarded < 0) skip("no protection keys on this machine: %s", strerror(errno));
  int freed = must(pkey_alloc(0, 0)), readable = must(pkey_alloc(0, PKEY_DISABLE_WRITE));
  char *closed = map_private(2 * PAGE_BYTES), *read_only = map_private(2 * PAGE_BYTES),
       *code = map_private(PAGE_BYTES);
  fill_pattern(closed, 2 * PAGE_BYTES, 1);
  fill_pattern(read_only, 2 * PAGE_BYTES, 2);
  fill_pattern(code, PAGE_BYTES, 3);
  must(mprotect(code, PAGE_BYTES, PROT_EXEC));
  other_key = must(pkey_alloc(0, 0));
  must(pkey_free(freed));
  must(pkey_mprotect(closed, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, guarded));
  must(pkey_mprotect(read_only, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, readable));
  int code_key = key_of(code);
  expect(code_key > readable && code_key < other_key);
  event_init(&ready);
  event_init(&look);
  if (pthread_create(&thread, NULL, other_thread, NULL)) die("pthread_create");
  event_wait(&ready, 1);

  test_daemon();
  test_waitsig();

  expect_eq(key_of(closed), guarded);
  expect_eq(key_of(read_only), readable);
  expect_eq(key_of(code), code_key);
  expect_eq(pkey_get(guarded), PKEY_DISABLE_ACCESS);
  expect_eq(pkey_get(readable), PKEY_DISABLE_WRITE);
  expect_eq(pkey_get(other_key), 0);
  event_set(&look, 1);
  pthread_join(thread, &rights);
  expect_eq((intptr_t)rights, PKEY_DISABLE_ACCESS);
  expect_eq(access_signal(closed, kReads), SIGSEGV);
  expect_eq(access_signal(read_only, kReads), 0);
  expect_eq(access_signal(read_only, kWrites), SIGSEGV);
  expect_eq(access_signal(code, kReads), SIGSEGV);
  must(pkey_set(guarded, 0));
  must(mprotect(code, PAGE_BYTES, PROT_READ));
  expect(!check_pattern(closed, 2 * PAGE_BYTES, 1));
  expect(!check_pattern(read_only, 2 * PAGE_BYTES, 2));
  expect(!check_pattern(code, PAGE_BYTES, 3));
  expect_eq(pkey_alloc(0, 0), freed); /* free before, so the first to be given out */
  pass();
}
