/* zdtm:
 * title: a file of /proc/PID that comes late in a restore is refused when it is registered with an io_uring
 * refuse: it is registered with an io_uring
 */
#define _GNU_SOURCE
#include "descriptors.h"
#include "uring.h"

int main(int argc, char** argv) {
  struct uring ring;
  char text[4] = "";
  test_init(argc, argv);
  if (!uring_make(&ring, 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  int late = must(open("/proc/self/fdinfo/0", O_RDONLY)); /* a restore can open it when descriptor 0 is there */
  uring_register(&ring, IORING_REGISTER_FILES, &late, 1);

  test_daemon();
  test_waitsig();

  struct io_uring_sqe* e = uring_queue(&ring, IORING_OP_READ, 4711);
  e->flags = IOSQE_FIXED_FILE;
  e->fd = 0, e->addr = (uintptr_t)text, e->len = 3;
  expect_eq(uring_submit(&ring, 1, 1), 1);
  expect_eq(uring_take(&ring).res, 3);
  expect(memcmp(text, "pos", 3) == 0);
  pass();
}
