/* zdtm:
 * title: a segment with a key, shared by two processes, one of them read-only, in part and with other protections
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/shm.h>

#include "check.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 8 };
static int id;
static char* whole;
static char* readonly;

static void attach_readonly(void* arg) {
  (void)arg;
  must(shmdt(whole));
  readonly = must(shmat(id, NULL, SHM_RDONLY));
  must(munmap(readonly + 2 * PAGE_BYTES, PAGE_BYTES));
}
static void check_readonly(void* arg) {
  (void)arg;
  expect_eq(readonly[PAGE_BYTES], 77);
  expect_eq(readonly[5 * PAGE_BYTES], 78);
  expect_errno(mprotect(readonly, PAGE_BYTES, PROT_READ | PROT_WRITE), EACCES);
  must(shmdt(readonly)); /* both parts */
  expect_errno(msync(readonly + 5 * PAGE_BYTES, PAGE_BYTES, MS_ASYNC), ENOMEM);
}

int main(int argc, char** argv) {
  struct shmid_ds state;
  test_init(argc, argv);
  key_t key = 0x5a000000 | getpid();
  shmctl(shmget(key, 0, 0), IPC_RMID, NULL); /* of a run that failed */
  id = shmget(key, kPages * PAGE_BYTES - 100, IPC_CREAT | IPC_EXCL | 0604);
  if (id < 0) skip("no System V shared memory here: %s", strerror(errno));
  whole = must(shmat(id, NULL, 0));
  fill_pattern(whole, 3 * PAGE_BYTES, 3);
  must(mprotect(whole + 4 * PAGE_BYTES, PAGE_BYTES, PROT_READ));
  pid_t child = waiting_child_start(attach_readonly, check_readonly, NULL);
  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 5);
  state.shm_perm.uid = 12;
  state.shm_perm.gid = 34;
  must(shmctl(id, IPC_SET, &state));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(whole, 3 * PAGE_BYTES, 3));
  expect_eq(shmget(key, 0, 0), id);
  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 5);
  expect_eq(state.shm_perm.mode, 0604);
  expect_eq(state.shm_perm.uid, 12);
  expect_eq(state.shm_perm.gid, 34);
  expect_eq(state.shm_segsz, kPages * PAGE_BYTES - 100);
  whole[PAGE_BYTES] = 77;
  whole[5 * PAGE_BYTES] = 78;
  waiting_child_finish(child);
  must(mprotect(whole + 4 * PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE));
  whole[4 * PAGE_BYTES] = 1;
  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 3); /* the kernel does not join parts of an attachment again */
  must(shmctl(id, IPC_RMID, NULL));
  pass();
}
