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

static struct threads t = {.count = 1};

int main(int argc, char** argv) {
  test_init(argc, argv);
  threads_start(&t);
  int fd = must(syscall(SYS_pidfd_open, t.tid[0], O_EXCL /* PIDFD_THREAD */));
  must(fcntl(fd, F_SETOWN, getpid()));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(fd, F_GETOWN), getpid());
  threads_finish(&t);
  pass();
}
