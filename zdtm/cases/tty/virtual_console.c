/* zdtm:
 * title: virtual consoles: settings, exclusive use, one that controls a session
 * needs: file:/dev/tty63
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "child.h"
#include "descriptors.h"

static int controlled, devtty;

static int lead(void* arg) {
  (void)arg;
  setsid();
  controlled = must(open("/dev/tty62", O_RDWR | O_NOCTTY));
  must(ioctl(controlled, TIOCSCTTY, 0));
  devtty = must(open("/dev/tty", O_RDWR));
  return 0;
}

static int check_leader(void* arg) {
  (void)arg;
  struct stat st;
  must(fstat(controlled, &st));
  expect_eq(st.st_rdev, makedev(4, 62));
  expect_eq(tcgetsid(controlled), getpid());
  expect_eq(tcgetpgrp(controlled), getpid());
  expect_eq(tcgetsid(devtty), getpid());
  close(must(open("/dev/tty", O_RDWR)));
  return 0;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = open("/dev/tty63", O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) skip("no virtual console: %s", strerror(errno));
  struct termios before = {0}, own, now = {0}; /* also what lies between their members */
  struct stat st;
  struct child child = {.setup = lead, .check = check_leader};
  must(tcgetattr(fd, &before));
  own = before;
  own.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
  own.c_cc[VMIN] = 3;
  own.c_cc[VINTR] = 7;
  must(tcsetattr(fd, TCSANOW, &own));
  must(tcgetattr(fd, &own));
  must(ioctl(fd, TIOCEXCL));
  int other = must(open("/dev/tty63", O_WRONLY | O_NOCTTY)), same = must(dup(fd));
  child_start(&child);

  test_daemon();
  test_waitsig();

  must(fstat(fd, &st));
  expect_eq(st.st_rdev, makedev(4, 63));
  must(tcgetattr(fd, &now));
  expect(!memcmp(&now, &own, sizeof now));
  int exclusive = 0;
  must(ioctl(fd, 0x80045440 /* TIOCGEXCL */, &exclusive));
  expect_eq(exclusive, 1);
  expect_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  expect_eq(fcntl(other, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
  fcntl(same, F_SETFL, O_RDWR);
  expect_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0); /* one description */
  expect_eq(write(other, ".", 1), 1);
  must(ioctl(fd, TIOCNXCL));
  must(tcsetattr(fd, TCSANOW, &before));
  if (!child_finish(&child)) pass();
  return 0;
}
