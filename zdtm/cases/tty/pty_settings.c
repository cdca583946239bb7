/* zdtm:
 * title: every setting of a terminal: flags, characters, odd speeds, locked settings
 * rights: locking settings takes CAP_SYS_ADMIN outside
 */
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "check.h"

#ifndef TCGETS2 /* where the first version of the structure has the speeds */
#define termios2 termios
#define TCGETS2 TCGETS
#define TCSETS2 TCSETS
#endif

int main(int argc, char** argv) {
  struct termios2 mode, now;
  struct termios lock = {.c_lflag = ECHO, .c_iflag = IGNBRK}, lock_now;
  int zero = 0;
  test_init(argc, argv);
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (master < 0) skip("no pseudo terminals here: %s", strerror(errno));
  must(ioctl(master, TIOCSPTLCK, &zero));
  int slave = must(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
  must(ioctl(slave, TCGETS2, &mode));
  mode.c_iflag = IXON | IXANY | INLCR | IUTF8;
  mode.c_oflag = OPOST | OLCUC;
  mode.c_cflag = CS7 | CREAD | HUPCL | BOTHER | (BOTHER << IBSHIFT);
  mode.c_lflag = ICANON | ECHOCTL | NOFLSH | TOSTOP;
  mode.c_ispeed = 12345;
  mode.c_ospeed = 54321;
  for (int i = 0; i < 17; ++i) mode.c_cc[i] = (unsigned char)(200 + i);
  must(ioctl(slave, TCSETS2, &mode));
  must(ioctl(slave, TCGETS2, &mode));
  must(ioctl(slave, TIOCSLCKTRMIOS, &lock));

  test_daemon();
  test_waitsig();

  must(ioctl(slave, TCGETS2, &now));
  expect_eq(now.c_iflag, mode.c_iflag);
  expect_eq(now.c_oflag, mode.c_oflag);
  expect_eq(now.c_cflag, mode.c_cflag);
  expect_eq(now.c_lflag, mode.c_lflag);
  expect_eq(now.c_ispeed, 12345);
  expect_eq(now.c_ospeed, 54321);
  expect(memcmp(now.c_cc, mode.c_cc, sizeof(now.c_cc)) == 0);
  must(ioctl(slave, TIOCGLCKTRMIOS, &lock_now));
  expect(lock_now.c_lflag == ECHO && lock_now.c_iflag == IGNBRK && lock_now.c_oflag == 0);
  pass();
}
