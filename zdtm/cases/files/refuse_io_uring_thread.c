/* zdtm:
 * title: a ring whose entries a thread of the kernel takes is refused by name
 * refuse: IORING_SETUP_SQPOLL
 */
#define _GNU_SOURCE
#include "descriptors.h"
#include "uring.h"

int main(int argc, char** argv) {
  struct uring ring;
  test_init(argc, argv);
  if (!uring_make(&ring, 4, IORING_SETUP_SQPOLL, 0)) skip("no such io_uring here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  uring_turn(&ring, 3);
  pass();
}
