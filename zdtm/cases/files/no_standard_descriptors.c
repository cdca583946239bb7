/* zdtm:
 * title: a process without any descriptor, and one with 0, 1 and 2 closed and others open
 */
#define _GNU_SOURCE
#include <limits.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

/* waiting_child_start's pipe has numbers above 2 and isn't there any more when the child waits. */
static void close_all(void* arg) {
  (void)arg;
  for (int i = 0; i < 3; i++) close(i);
}
static void check_none(void* arg) {
  (void)arg;
  for (int i = 0; i < 100; i++) expect_errno(fcntl(i, F_GETFD), EBADF);
  expect_eq(must(open("/dev/null", O_RDWR)), 0); /* the lowest is free */
}
static void open_some(void* arg) {
  close_all(arg);
  must(dup2(move_fd(make_file("file", 10, 1), 50), 51));
}
static void check_some(void* arg) {
  (void)arg;
  for (int i = 0; i < 50; i++) expect_errno(fcntl(i, F_GETFD), EBADF);
  expect_file(51, 10, 1);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(close_range(3, UINT_MAX, 0));
  pid_t none = waiting_child_start(close_all, check_none, NULL),
        some = waiting_child_start(open_some, check_some, NULL);

  test_daemon();
  test_waitsig();

  waiting_child_finish(none);
  waiting_child_finish(some);
  pass();
}
