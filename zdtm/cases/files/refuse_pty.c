/* zdtm:
 * title: a pseudo terminal is refused by name; its mode and its data in flight are still there
 * refuse: fd 77 (/dev/p
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <termios.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct termios mode, now;
  test_init(argc, argv);
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) skip("no pseudo terminals here: %s", strerror(errno));
  must(unlockpt(master));
  int slave = must(open(ptsname(master), O_RDWR | O_NOCTTY));
  must(tcgetattr(slave, &mode));
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 3;
  must(tcsetattr(slave, TCSANOW, &mode));
  slave = move_fd(slave, 78);
  master = move_fd(master, 77);
  write_text(master, "typed");
  write_text(slave, "printed");

  test_daemon();
  test_waitsig();

  expect_read(slave, "typed");
  expect_read(master, "printed");
  must(tcgetattr(slave, &now));
  expect(now.c_lflag == mode.c_lflag && now.c_cc[VMIN] == 3);
  pass();
}
