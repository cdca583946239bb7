/* zdtm:
 * title: O_ASYNC of what was opened with it, a file, a directory, a deleted one, shows still
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

enum { kFile = 77, kDirectory, kDeleted, kWithout };

int main(int argc, char** argv) {
  test_init(argc, argv);
  close(make_file("file", 10, 1));
  close(make_file("deleted", 10, 1));
  move_fd(must(open("file", O_RDWR | O_ASYNC)), kFile);
  move_fd(must(open(".", O_RDONLY | O_DIRECTORY | O_ASYNC)), kDirectory);
  move_fd(must(open("deleted", O_RDWR | O_ASYNC)), kDeleted);
  move_fd(must(open("file", O_RDWR)), kWithout);
  must(unlink("deleted"));
  expect_eq(fcntl(kFile, F_GETFL) & O_ASYNC, O_ASYNC);

  test_daemon();
  test_waitsig();

  for (int fd = kFile; fd < kWithout; fd++) expect_eq(fcntl(fd, F_GETFL) & O_ASYNC, O_ASYNC);
  expect_eq(fcntl(kWithout, F_GETFL) & O_ASYNC, 0);
  pass();
}
