/* zdtm:
 * title: the size of a process's own hash of futexes (PR_FUTEX_HASH); of one without, of one with threads
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>

#include "check.h"
#include "waiting_child.h"

enum { kFutexHash = 78, kSet = 1, kGet = 2 };

static int slots(void) { return prctl(kFutexHash, kGet, 0, 0, 0); }

static volatile int runs; /* the thread, with the mask that it is to have */

static void* sleeper(void* unused) {
  runs = 1;
  for (;;) pause();
  return unused;
}

static void set_up_none(void* now) { *(int*)now = slots(); }
static void check_none(void* before) { expect_eq(slots(), *(int*)before); }

static void set_up_threads(void* now) {
  pthread_t thread;
  sigset_t all, old;
  sigfillset(&all);
  must(sigprocmask(SIG_BLOCK, &all, &old)); /* signals are for the main thread */
  expect_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
  must(sigprocmask(SIG_SETMASK, &old, NULL));
  while (!runs) usleep(1000);
  *(int*)now = slots();
}

int main(int argc, char** argv) {
  static int none, threads;
  test_init(argc, argv);
  if (slots() < 0) skip("no PR_FUTEX_HASH here: %s", strerror(errno));
  pid_t first = waiting_child_start(set_up_none, check_none, &none);
  pid_t second = waiting_child_start(set_up_threads, check_none, &threads);
  must(prctl(kFutexHash, kSet, 128, 0, 0));

  test_daemon();
  test_waitsig();

  expect_eq(slots(), 128);
  waiting_child_finish(first);
  waiting_child_finish(second);
  pass();
}
