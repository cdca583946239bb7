/* zdtm:
 * title: a pidfd of a thread that is not the main one (PIDFD_THREAD) is refused by name; it still leads there
 * refuse: only main threads are carried
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>

#include "check.h"
#include "descriptors.h"

static int tid;

static void* sleeper(void* told) {
  tid = gettid();
  event_set(told, 1);
  for (;;) pause();
  return NULL;
}

int main(int argc, char** argv) {
  enum { kPidfdThread = O_EXCL };
  zdtm_event_t told;
  pthread_t thread;
  sigset_t all, old;
  test_init(argc, argv);
  event_init(&told);
  sigfillset(&all);
  must(sigprocmask(SIG_SETMASK, &all, &old)); /* signals are for the main thread */
  expect_eq(pthread_create(&thread, NULL, sleeper, &told), 0);
  must(sigprocmask(SIG_SETMASK, &old, NULL));
  event_wait(&told, 1);
  int fd = syscall(SYS_pidfd_open, tid, kPidfdThread);
  if (fd < 0) skip("no pidfds of threads here: %s", strerror(errno));
  fd = move_fd(fd, 77);

  test_daemon();
  test_waitsig();

  must(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
  pass();
}
