/* zdtm:
 * title: a working directory in /proc/self/task/TID is refused by name; it is still that
 * refuse: it is of a thread
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>

#include "check.h"
#include "descriptors.h"

static volatile pid_t tid;

static void* sleeper(void* unused) {
  tid = gettid();
  for (;;) pause();
  return unused;
}

int main(int argc, char** argv) {
  pthread_t thread;
  sigset_t all, old;
  char path[64], now[64];
  test_init(argc, argv);
  sigfillset(&all);
  must(sigprocmask(SIG_BLOCK, &all, &old)); /* signals are for the main thread */
  expect_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
  must(sigprocmask(SIG_SETMASK, &old, NULL));
  while (!tid) usleep(100);
  snprintf(path, sizeof(path), "/proc/%d/task/%d", getpid(), tid);
  must(chdir(path));
  test_daemon();
  test_waitsig();
  expect(getcwd(now, sizeof(now)) != NULL && strcmp(now, path) == 0);
  pass();
}
