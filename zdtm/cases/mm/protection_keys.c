/* zdtm:
 * title: protection keys: allocated ones, those of mappings, and the rights register
 */
#define _GNU_SOURCE
#include "check.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int guarded = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  if (guarded < 0) skip("no protection keys on this machine: %s", strerror(errno));
  int freed = must(pkey_alloc(0, 0));
  int readable = must(pkey_alloc(0, PKEY_DISABLE_WRITE));
  must(pkey_free(freed));
  char *closed = map_private(2 * PAGE_BYTES), *read_only = map_private(2 * PAGE_BYTES);
  fill_pattern(closed, 2 * PAGE_BYTES, 1);
  fill_pattern(read_only, 2 * PAGE_BYTES, 2);
  must(pkey_mprotect(closed, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, guarded));
  must(pkey_mprotect(read_only, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, readable));

  test_daemon();
  test_waitsig();

  expect_eq(pkey_get(guarded), PKEY_DISABLE_ACCESS);
  expect_eq(pkey_get(readable), PKEY_DISABLE_WRITE);
  expect_eq(access_signal(closed, kReads), SIGSEGV);
  expect_eq(access_signal(read_only, kReads), 0);
  expect_eq(access_signal(read_only, kWrites), SIGSEGV);
  must(pkey_set(guarded, 0));
  expect(!check_pattern(closed, 2 * PAGE_BYTES, 1));
  expect(!check_pattern(read_only, 2 * PAGE_BYTES, 2));
  expect_eq(pkey_alloc(0, 0), freed); /* free before, so the first to be given out */
  pass();
}
