/* zdtm:
 * title: an io_uring with a request in flight is refused by name; the request ends as it should
 * refuse: 1 of its requests are in flight
 */
#define _GNU_SOURCE
#include "descriptors.h"
#include "uring.h"

int main(int argc, char** argv) {
  struct uring ring;
  int ends[2];
  char got = 0;
  test_init(argc, argv);
  if (!uring_make(&ring, 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  must(pipe(ends));
  struct io_uring_sqe* e = uring_queue(&ring, IORING_OP_READ, 4711);
  e->fd = ends[0], e->addr = (uintptr_t)&got, e->len = 1;
  expect_eq(uring_submit(&ring, 1, 0), 1);

  test_daemon();
  test_waitsig();

  must(write(ends[1], "x", 1));
  expect_eq(uring_submit(&ring, 0, 1), 0);
  expect_eq(uring_take(&ring).user_data, 4711);
  expect_eq(got, 'x');
  pass();
}
