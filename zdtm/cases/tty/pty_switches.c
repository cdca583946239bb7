/* zdtm:
 * title: packet mode, exclusive use and the lock of pseudo terminals
 */
#include "pty.h"

static int is_on(int fd, unsigned long request) {
  int value = -1;
  must(ioctl(fd, request, &value));
  return value;
}

int main(int argc, char** argv) {
  int on = 1;
  char got[16];
  test_init(argc, argv);
  int packet = open_master(), slave = open_slave(packet, O_RDWR);
  make_raw(slave);
  must(ioctl(packet, TIOCPKT, &on));
  write_text(slave, "data");
  wait_for_input(packet, 4);
  int exclusive = open_master(), single = open_slave(exclusive, O_RDWR);
  must(ioctl(single, TIOCEXCL));
  int locked = must(posix_openpt(O_RDWR | O_NOCTTY));
  int used = open_master(), open_before = open_slave(used, O_RDWR);
  must(ioctl(used, TIOCSPTLCK, &on));

  test_daemon();
  test_waitsig();

  expect_eq(is_on(packet, TIOCGPKT), 1);
  expect_eq(read(packet, got, sizeof(got)), 5);
  expect(got[0] == TIOCPKT_DATA && memcmp(got + 1, "data", 4) == 0);
  must(ioctl(slave, TCFLSH, TCOFLUSH));
  expect_eq(read(packet, got, sizeof(got)), 1);
  expect(got[0] & TIOCPKT_FLUSHWRITE);
  expect_eq(is_on(single, TIOCGEXCL), 1);
  expect_eq(is_on(exclusive, TIOCGEXCL), 0);
  expect_eq(is_on(slave, TIOCGEXCL), 0);
  expect_eq(is_on(locked, TIOCGPTLCK), 1);
  expect_eq(is_on(used, TIOCGPTLCK), 1);
  expect_eq(is_on(packet, TIOCGPTLCK), 0);
  make_raw(open_before);
  write_text(open_before, "through");
  wait_for_input(used, 7);
  expect_line(used, "through");
  char name[64];
  must(ptsname_r(used, name, sizeof(name)));
  expect_errno(open(name, O_RDWR | O_NOCTTY), EIO);
  pass();
}
