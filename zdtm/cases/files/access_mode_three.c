/* zdtm:
 * title: a descriptor of access mode 3, which may neither read nor write, but can be asked (for ioctls)
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  close(make_file("file", 10, 1));
  int fd = must(open("file", 3));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_size, 10);
  expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, 3);
  expect_errno(read(fd, (char[1]){0}, 1), EBADF);
  expect_errno(write(fd, "x", 1), EBADF);
  pass();
}
