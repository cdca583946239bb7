/* zdtm:
 * title: a lease on a file is still held
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = move_fd(make_file("file", 100, 1), 77);
  if (fcntl(fd, F_SETLEASE, F_WRLCK)) skip("no leases in this file system: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(fd, F_GETLEASE), F_WRLCK);
  pass();
}
