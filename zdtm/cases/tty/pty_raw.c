/* zdtm:
 * title: both ends of a raw pseudo terminal with its mode, window size and what waits in it in both directions
 */
#include "pty.h"

int main(int argc, char** argv) {
  struct termios mode, now;
  struct winsize size = {.ws_row = 33, .ws_col = 101, .ws_xpixel = 7, .ws_ypixel = 9}, size_now;
  struct stat before, after;
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR);
  must(tcgetattr(slave, &mode));
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 3;
  must(tcsetattr(slave, TCSANOW, &mode));
  must(ioctl(master, TIOCSWINSZ, &size));
  must(fchown(slave, 12, 34));
  must(fchmod(slave, 0640));
  must(fstat(slave, &before));
  slave = move_fd(slave, 78);
  master = move_fd(master, 77);
  write_text(master, "typed");
  wait_for_input(slave, 5);
  write_text(slave, "printed");
  wait_for_input(master, 7);

  test_daemon();
  test_waitsig();

  must(tcgetattr(slave, &now));
  expect(memcmp(&mode, &now, sizeof(mode)) == 0);
  must(ioctl(slave, TIOCGWINSZ, &size_now));
  expect(memcmp(&size, &size_now, sizeof(size)) == 0);
  must(fstat(slave, &after));
  expect(after.st_uid == 12 && after.st_gid == 34 && after.st_mode == before.st_mode && after.st_rdev == before.st_rdev);
  wait_for_input(slave, 5);
  expect_line(slave, "typed");
  wait_for_input(master, 7);
  expect_line(master, "printed");
  write_text(master, "again");
  wait_for_input(slave, 5);
  expect_line(slave, "again");
  pass();
}
