/* zdtm:
 * title: a removed file of mode 0 that its only descriptor can read, not write
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  close(make_file("ghost", 3000, 1));
  int fd = must(open("ghost", O_RDONLY));
  must(fchmod(fd, 0));
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_mode & 07777, 0);
  expect_file(fd, 3000, 1);
  expect_errno(write(fd, "x", 1), EBADF);
  pass();
}
