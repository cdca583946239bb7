/* zdtm:
 * title: an attached System V shared memory segment is refused by name; it stays attached with its content
 * refuse: System V shared memory
 */
#define _GNU_SOURCE
#include <sys/shm.h>

#include "check.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  struct shmid_ds state;
  test_init(argc, argv);
  int id = shmget(IPC_PRIVATE, 4 * PAGE_BYTES, IPC_CREAT | 0600);
  if (id < 0) skip("no System V shared memory here: %s", strerror(errno));
  char* mem = must(shmat(id, NULL, 0));
  must(shmctl(id, IPC_RMID, NULL)); /* it lives as long as it is attached: nothing stays behind */
  fill_pattern(mem, 4 * PAGE_BYTES, 1);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 4 * PAGE_BYTES, 1));
  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 1);
  must(shmdt(mem));
  pass();
}
