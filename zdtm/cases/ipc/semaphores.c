/* zdtm:
 * title: semaphore sets: ids, keys, owners, values, who changed which last
 */
#define _GNU_SOURCE
#include <sys/sem.h>

#include "check.h"
#include "waiting_child.h"

static int id;

static void take_one(void* arg) {
  (void)arg;
  struct sembuf take = {.sem_num = 2, .sem_op = -1};
  must(semop(id, &take, 1));
}
static void check_child(void* arg) {
  (void)arg;
  expect_eq(semctl(id, 2, GETPID), getpid());
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  key_t key = 0x5c000000 | getpid();
  semctl(semget(key, 0, 0), 0, IPC_RMID); /* of a run that failed */
  id = semget(key, 5, IPC_CREAT | IPC_EXCL | 0624);
  if (id < 0) skip("no System V semaphores here: %s", strerror(errno));
  unsigned short values[5] = {3, 0, 9, 32767, 1}, now[5];
  must(semctl(id, 0, SETALL, values));
  struct semid_ds state;
  must(semctl(id, 0, IPC_STAT, &state));
  state.sem_perm.uid = 7;
  must(semctl(id, 0, IPC_SET, &state));
  pid_t child = waiting_child_start(take_one, check_child, NULL);
  struct sembuf ops[2] = {{.sem_num = 0, .sem_op = -3}, {.sem_num = 1, .sem_op = 4}};
  must(semop(id, ops, 2));

  test_daemon();
  test_waitsig();

  expect_eq(semget(key, 5, 0), id);
  must(semctl(id, 0, GETALL, now));
  unsigned short wanted[5] = {0, 4, 8, 32767, 1};
  for (int i = 0; i < 5; ++i) {
    expect_eq(now[i], wanted[i]);
    expect_eq(semctl(id, i, GETPID), i == 2 ? child : getpid());
  }
  must(semctl(id, 0, IPC_STAT, &state));
  expect_eq(state.sem_perm.uid, 7);
  expect_eq(state.sem_perm.mode, 0624);
  expect_eq(state.sem_nsems, 5);
  waiting_child_finish(child);
  must(semctl(id, 0, IPC_RMID));
  pass();
}
