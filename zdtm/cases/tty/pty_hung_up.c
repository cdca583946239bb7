/* zdtm:
 * title: slaves whose master was closed stay hung up; their number is not free
 */
#define _GNU_SOURCE
#include <sys/sysmacros.h>

#include "pty.h"

int main(int argc, char** argv) {
  char c;
  struct stat before, after;
  test_init(argc, argv);
  int master = open_master(), one = open_slave(master, O_RDWR), two = open_slave(master, O_WRONLY);
  must(fstat(one, &before));
  close(master);

  test_daemon();
  test_waitsig();

  expect_eq(read(one, &c, 1), 0);
  expect_errno(write(one, "x", 1), EIO);
  expect_errno(write(two, "x", 1), EIO);
  expect_errno(ioctl(one, TIOCGWINSZ, &after), EIO);
  expect(poll_of(one) & POLLHUP);
  must(fstat(one, &after));
  expect(before.st_rdev == after.st_rdev && after.st_nlink == 0);
  expect_eq(fcntl(two, F_GETFL) & O_ACCMODE, O_WRONLY);
  unsigned number;
  must(ioctl(open_master(), TIOCGPTN, &number));
  expect(number != minor(before.st_rdev));
  pass();
}
