/* zdtm:
 * title: a pidfd of a thread that is not a main one is refused when it has an owner of signals
 * refuse: it has an owner of signals
 * needs: kernel>=6.9
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "threads.h"

static volatile pid_t tid;
static volatile int go_on;

static void* sleeper(void* arg) {
  tid = gettid();
  while (!go_on) usleep(10000);
  return arg;
}

int main(int argc, char** argv) {
  pthread_t thread;
  test_init(argc, argv);
  expect_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
  while (!tid) usleep(100);
  int fd = must(syscall(SYS_pidfd_open, tid, O_EXCL /* PIDFD_THREAD */));
  must(fcntl(fd, F_SETOWN, getpid()));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(fd, F_GETOWN), getpid());
  go_on = 1;
  pthread_join(thread, NULL);
  pass();
}
