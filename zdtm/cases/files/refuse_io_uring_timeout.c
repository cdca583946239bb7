/* zdtm:
 * title: an io_uring with a request in flight that the kernel does not show, a timeout, is refused; it can be removed
 * refuse: have no result yet
 */
#define _GNU_SOURCE
#include <time.h>

#include "descriptors.h"
#include "uring.h"

int main(int argc, char** argv) {
  struct uring ring;
  struct timespec late = {100000, 0}; /* as struct __kernel_timespec */
  test_init(argc, argv);
  if (!uring_make(&ring, 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  struct io_uring_sqe* e = uring_queue(&ring, IORING_OP_TIMEOUT, 4711);
  e->addr = (uintptr_t)&late, e->len = 1;
  expect_eq(uring_submit(&ring, 1, 0), 1);

  test_daemon();
  test_waitsig();

  e = uring_queue(&ring, IORING_OP_TIMEOUT_REMOVE, 1);
  e->addr = 4711;
  expect_eq(uring_submit(&ring, 1, 2), 1);
  struct uring_result first = uring_take(&ring), second = uring_take(&ring);
  expect_eq(first.user_data + second.user_data, 4712);
  expect_eq(first.res + second.res, -ECANCELED);
  pass();
}
