/* zdtm:
 * title: size, position, flags and sharing of memfd descriptors; a second description by /proc; an empty one
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(memfd_create("position", MFD_CLOEXEC));
  write_text(fd, "0123456789");
  must(ftruncate(fd, 5000000)); /* a sparse tail */
  must(lseek(fd, 4, SEEK_SET));
  int copy = must(dup(fd));
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  int reopened = must(open(path, O_RDONLY));
  int appending = must(open(path, O_WRONLY | O_APPEND));
  int empty = must(memfd_create("", 0));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_size, 5000000);
  expect(st.st_blocks <= 4 * sysconf(_SC_PAGESIZE) / 512);
  expect_read(fd, "45");
  expect_eq(lseek(copy, 0, SEEK_CUR), 6);
  expect_read(reopened, "0123");
  expect_errno(write(reopened, "x", 1), EBADF);
  write_text(appending, "tail");
  must(lseek(reopened, 5000000, SEEK_SET));
  expect_read(reopened, "tail");
  expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
  expect_eq(fcntl(copy, F_GETFD), 0);
  must(fstat(empty, &st));
  expect_eq(st.st_size, 0);
  expect(strcmp(fd_link(empty), "/memfd: (deleted)") == 0);
  pass();
}
