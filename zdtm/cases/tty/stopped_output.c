/* zdtm:
 * title: output stopped by a key or by tcflow() stays stopped, and goes on by the other key or tcflow()
 */
#include "pty.h"

static void expect_stopped(int slave) {
  expect_eq(poll_of(slave) & POLLOUT, 0);
  expect_errno(write(slave, "x", 1), EAGAIN);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR | O_NONBLOCK); /* IXON is on by default */
  write_text(slave, "before;");
  write_text(master, "typed\n");
  wait_for_input(slave, 6);
  wait_for_input(master, 7 + 7);
  write_text(master, "\x13half");
  for (int i = 0; i < 1000 && (poll_of(slave) & POLLOUT); ++i) usleep(1000);
  expect_stopped(slave);
  int master2 = open_master(), slave2 = open_slave(master2, O_RDWR | O_NONBLOCK);
  make_raw(slave2);
  must(tcflow(slave2, TCOOFF));
  expect_stopped(slave2);

  test_daemon();
  test_waitsig();

  expect_stopped(slave);
  expect_stopped(slave2);
  expect_line(master, "before;typed\r\n");
  write_text(master, "\x11");
  for (int i = 0; i < 1000 && !(poll_of(slave) & POLLOUT); ++i) usleep(1000);
  write_text(slave, "after");
  write_text(master, "way\n");
  wait_for_input(slave, 6 + 8);
  expect_line(slave, "typed\n");
  expect_line(slave, "halfway\n");
  must(tcflow(slave2, TCOON));
  write_text(slave2, "goes on");
  wait_for_input(master2, 7);
  expect_line(master2, "goes on");
  pass();
}
