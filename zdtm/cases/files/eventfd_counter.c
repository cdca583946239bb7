/* zdtm:
 * title: eventfds: counter, the largest value, flags, shared with a child; semaphore mode where fdinfo shows it (6.5)
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int shared;

static void child_adds(void* arg) {
  (void)arg;
  must(eventfd_write(shared, 5));
}

int main(int argc, char** argv) {
  eventfd_t value;
  test_init(argc, argv);
  int counter = must(eventfd(17, 0));
  int semaphore = must(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
  int shows_mode = fdinfo_line_if_there(semaphore, "eventfd-semaphore:") != NULL;
  int full = must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  must(eventfd_write(full, UINT64_MAX - 1));
  int zero = must(eventfd(0, EFD_NONBLOCK));
  shared = must(eventfd(100, 0));
  pid_t pid = waiting_child_start(NULL, child_adds, NULL);

  test_daemon();
  test_waitsig();

  must(eventfd_read(counter, &value));
  expect_eq(value, 17);
  expect_eq(fcntl(counter, F_GETFL) & O_NONBLOCK, 0);
  for (int i = 0; i < (shows_mode ? 3 : 1); i++) {
    must(eventfd_read(semaphore, &value));
    expect_eq(value, shows_mode ? 1 : 3);
  }
  expect_errno(eventfd_read(semaphore, &value), EAGAIN);
  expect_errno(eventfd_write(full, 1), EAGAIN);
  expect_eq(fcntl(full, F_GETFD), FD_CLOEXEC);
  must(eventfd_read(full, &value));
  expect(value == UINT64_MAX - 1);
  expect_errno(eventfd_read(zero, &value), EAGAIN);
  waiting_child_finish(pid);
  must(eventfd_read(shared, &value));
  expect_eq(value, 105);
  pass();
}
