/* zdtm:
 * title: a master whose slave was closed has the last output and then an error; one whose slave was never open waits
 */
#include "pty.h"

int main(int argc, char** argv) {
  char c;
  test_init(argc, argv);
  int closed = open_master(), fresh = open_master(), slave = open_slave(closed, O_RDWR);
  struct winsize size = {.ws_row = 5, .ws_col = 6}, now;
  make_raw(slave);
  write_text(slave, "last words");
  close(slave);
  write_text(closed, "too late");
  must(ioctl(fresh, TIOCSWINSZ, &size));
  write_text(fresh, "early"); /* is echoed */
  wait_for_input(fresh, 5);

  test_daemon();
  test_waitsig();

  expect_eq(poll_of(fresh) & (POLLHUP | POLLIN), POLLIN);
  expect_line(fresh, "early");
  expect_nothing(fresh);
  expect_eq(poll_of(fresh) & POLLHUP, 0);
  must(ioctl(fresh, TIOCGWINSZ, &now));
  expect(now.ws_row == 5 && now.ws_col == 6);
  expect(poll_of(closed) & POLLHUP);
  expect_line(closed, "last words");
  expect_errno(read(closed, &c, 1), EIO);
  slave = open_slave(closed, O_RDWR);
  expect_eq(poll_of(closed) & POLLHUP, 0);
  wait_for_input(slave, 8);
  expect_line(slave, "too late");
  pass();
}
