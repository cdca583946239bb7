/* zdtm:
 * title: a flock() lock is still held
 */
#define _GNU_SOURCE
#include <sys/file.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = move_fd(make_file("file", 100, 1), 77);
  must(flock(fd, LOCK_EX));

  test_daemon();
  test_waitsig();

  int other = must(open("file", O_RDONLY));
  expect_errno(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  must(flock(fd, LOCK_UN));
  must(flock(other, LOCK_SH | LOCK_NB));
  pass();
}
