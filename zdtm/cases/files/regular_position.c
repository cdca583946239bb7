/* zdtm:
 * title: regular files: position, access mode and status flags
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", 0, 0);
  write_text(fd, "0123456789");
  must(lseek(fd, 3, SEEK_SET));
  int read_only = must(open("file", O_RDONLY)), write_only = must(open("file", O_WRONLY));
  must(lseek(read_only, 7, SEEK_SET));
  int beyond = must(open("file", O_RDWR));
  must(lseek(beyond, 1ll << 40, SEEK_SET));

  test_daemon();
  test_waitsig();

  expect_read(fd, "345");
  expect_read(read_only, "789");
  write_text(write_only, "ABC");
  must(lseek(fd, 0, SEEK_SET));
  expect_read(fd, "ABC3");
  expect_eq(lseek(beyond, 0, SEEK_CUR), 1ll << 40);
  expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
  expect_eq(fcntl(read_only, F_GETFL) & O_ACCMODE, O_RDONLY);
  expect_eq(fcntl(write_only, F_GETFL) & O_ACCMODE, O_WRONLY);
  expect_errno(write(read_only, "x", 1), EBADF);
  expect_errno(read(write_only, (char[1]){0}, 1), EBADF);
  pass();
}
