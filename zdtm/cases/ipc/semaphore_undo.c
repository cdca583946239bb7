/* zdtm:
 * title: what processes would undo of their semaphore operations is undone at their end, not before
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/sem.h>

#include "check.h"
#include "threads.h"
#include "waiting_child.h"

static int id;

static void hold(void* arg) {
  (void)arg;
  struct sembuf ops[3] = {{0, -1, SEM_UNDO}, {1, 5, SEM_UNDO}, {2, -30000, SEM_UNDO}};
  must(semop(id, ops, 3));
}
static void nothing(void* arg) { (void)arg; }

static volatile int thread_runs;

static void* idle(void* arg) {
  (void)arg;
  thread_runs = 1;
  while (pause() < 0) continue;
  return NULL;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  id = semget(IPC_PRIVATE, 4, 0600);
  if (id < 0) skip("no System V semaphores here: %s", strerror(errno));
  unsigned short values[4] = {1, 0, 30001, 2}, now[4];
  must(semctl(id, 0, SETALL, values));
  pid_t child = waiting_child_start(hold, nothing, NULL);
  pthread_t thread; /* threads make a list that is empty */
  expect_eq(pthread_create(&thread, NULL, idle, NULL), 0);

  while (!thread_runs) usleep(1000);

  test_daemon();
  test_waitsig();

  must(semctl(id, 0, GETALL, now));
  expect(now[0] == 0 && now[1] == 5 && now[2] == 1 && now[3] == 2);
  waiting_child_finish(child);
  must(semctl(id, 0, GETALL, now));
  test_msg("now %d %d %d %d\n", now[0], now[1], now[2], now[3]);
  expect(now[0] == 1 && now[1] == 0 && now[2] == 30001 && now[3] == 2);
  must(semctl(id, 0, IPC_RMID));
  pass();
}
