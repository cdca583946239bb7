/* zdtm:
 * title: a segment that the program has made and detached is there with its content; a locked one is locked
 */
#define _GNU_SOURCE
#include <sys/shm.h>

#include "check.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  struct shmid_ds state;
  test_init(argc, argv);
  key_t key = 0x5b000000 | getpid();
  shmctl(shmget(key, 0, 0), IPC_RMID, NULL); /* of a run that failed */
  int id = shmget(key, 2 * PAGE_BYTES, IPC_CREAT | IPC_EXCL | 0600);
  if (id < 0) skip("no System V shared memory here: %s", strerror(errno));
  char* mem = must(shmat(id, NULL, 0));
  fill_pattern(mem, 2 * PAGE_BYTES, 9);
  must(shmdt(mem));
  must(shmctl(id, SHM_LOCK, NULL));

  test_daemon();
  test_waitsig();

  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 0);
  expect_eq(state.shm_perm.mode, 0600 | SHM_LOCKED);
  expect_eq(shmget(key, 0, 0), id);
  mem = must(shmat(id, NULL, SHM_RDONLY));
  expect(!check_pattern(mem, 2 * PAGE_BYTES, 9));
  must(shmctl(id, IPC_RMID, NULL));
  pass();
}
