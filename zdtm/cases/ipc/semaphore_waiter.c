/* zdtm:
 * title: a thread that waits on a semaphore waits on, and gets what is given after the restore
 */
#define _GNU_SOURCE
#include <sys/sem.h>

#include "blocked.h"
#include "check.h"

static int id;

static long call(struct blocked* b) {
  (void)b;
  struct sembuf take = {.sem_op = -2};
  return semop(id, &take, 1);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call};
  id = semget(IPC_PRIVATE, 1, 0600);
  if (id < 0) skip("no System V semaphores here: %s", strerror(errno));
  must(semctl(id, 0, SETVAL, 1));
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  expect(!blocked_still(&b));
  expect_eq(semctl(id, 0, GETVAL), 1);
  struct sembuf give = {.sem_op = 1};
  must(semop(id, &give, 1));
  if (blocked_check(&b, 0, 0)) return 1;
  expect_eq(semctl(id, 0, GETVAL), 0);
  must(semctl(id, 0, IPC_RMID));
  pass();
}
