/* zdtm:
 * title: a System V segment that is marked for deletion stays attached, marked, with its id and content
 */
#define _GNU_SOURCE
#include <sys/shm.h>

#include "check.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  struct shmid_ds state;
  test_init(argc, argv);
  int id = shmget(IPC_PRIVATE, 4 * PAGE_BYTES, IPC_CREAT | 0640);
  if (id < 0) skip("no System V shared memory here: %s", strerror(errno));
  char* mem = must(shmat(id, NULL, 0));
  must(shmctl(id, IPC_RMID, NULL)); /* it lives as long as it is attached: nothing stays behind */
  fill_pattern(mem, 4 * PAGE_BYTES, 1);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 4 * PAGE_BYTES, 1));
  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 1);
  expect_eq(state.shm_perm.mode, 0640 | SHM_DEST);
  expect_eq(state.shm_segsz, 4 * PAGE_BYTES);
  must(shmdt(mem));
  expect_errno(shmctl(id, IPC_STAT, &state), EINVAL);
  pass();
}
