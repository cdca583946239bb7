/* zdtm:
 * title: a ring of asynchronous I/O that fork(2) has left in a child, which can't use it
 * refuse: a ring of asynchronous I/O of another process
 */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <signal.h>
#include <sys/syscall.h>

#include "check.h"
#include "child.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  aio_context_t ring = 0;
  if (syscall(SYS_io_setup, 10, &ring) != 0) skip("no asynchronous I/O here: %s", strerror(errno));
  pid_t child = must(fork());
  if (child == 0) {
    test_waitsig();
    struct io_event event;
    expect_errno(syscall(SYS_io_getevents, ring, 0, 1, &event, &(struct timespec){0}), EINVAL);
    _exit(0);
  }

  test_daemon();
  test_waitsig();

  struct io_event event;
  expect_eq(syscall(SYS_io_getevents, ring, 0, 1, &event, &(struct timespec){0}), 0);
  must(kill(child, SIGTERM));
  expect_exit(child, 0);
  pass();
}
