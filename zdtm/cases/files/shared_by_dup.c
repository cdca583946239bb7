/* zdtm:
 * title: duplicates of a descriptor share position and status flags, and have a CLOEXEC flag each
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", 0, 0);
  write_text(fd, "0123456789");
  must(lseek(fd, 2, SEEK_SET));
  int copy = must(dup(fd)), kept = must(fcntl(fd, F_DUPFD_CLOEXEC, 200)), alone = must(open("file", O_RDWR));

  test_daemon();
  test_waitsig();

  expect_eq(kept, 200);
  expect(same_description(getpid(), fd, getpid(), copy));
  expect(same_description(getpid(), fd, getpid(), kept));
  expect(!same_description(getpid(), fd, getpid(), alone));
  expect_read(fd, "23");
  expect_read(copy, "45");
  expect_read(kept, "67");
  expect_read(alone, "01");
  must(fcntl(copy, F_SETFL, O_APPEND));
  expect(fcntl(kept, F_GETFL) & O_APPEND);
  expect(!(fcntl(alone, F_GETFL) & O_APPEND));
  expect_eq(fcntl(fd, F_GETFD), 0);
  expect_eq(fcntl(copy, F_GETFD), 0);
  expect_eq(fcntl(kept, F_GETFD), FD_CLOEXEC);
  pass();
}
