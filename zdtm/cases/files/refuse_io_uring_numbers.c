/* zdtm:
 * title: a thread that has registered a ring for itself, when it may be one of several, is refused by name
 * refuse: IORING_REGISTER_RING_FDS
 */
#define _GNU_SOURCE
#include "descriptors.h"
#include "uring.h"

int main(int argc, char** argv) {
  struct uring rings[2];
  test_init(argc, argv);
  for (int i = 0; i < 2; ++i)
    if (!uring_make(&rings[i], 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  struct io_uring_rsrc_update number = {.offset = 0, .data = rings[1].fd};
  if (syscall(SYS_io_uring_register, rings[1].fd, kUringRegisterRingFds, &number, 1) != 1)
    skip("no numbers for rings here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  uring_queue(&rings[1], IORING_OP_NOP, 1);
  expect_eq(syscall(SYS_io_uring_enter, 0, 1, 1, kUringEnterRegisteredRing | IORING_ENTER_GETEVENTS, NULL, 0), 1);
  uring_turn(&rings[0], 3);
  pass();
}
