/* zdtm:
 * title: a status of packet mode that nobody has read yet is refused; it is still there
 * refuse: packet mode
 */
#include "pty.h"

int main(int argc, char** argv) {
  int on = 1;
  char got[16];
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR);
  must(ioctl(master, TIOCPKT, &on));
  must(ioctl(slave, TCFLSH, TCIFLUSH));
  expect(poll_of(master) & POLLPRI);

  test_daemon();
  test_waitsig();

  expect_eq(read(master, got, sizeof(got)), 1);
  expect_eq(got[0], TIOCPKT_FLUSHREAD);
  pass();
}
