/* zdtm:
 * title: an O_PATH descriptor of a removed file, from which a readable one can be made
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char path[64];
  test_init(argc, argv);
  close(make_file("ghost", 3000, 1));
  int fd = must(open("ghost", O_PATH));
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  expect(fcntl(fd, F_GETFL) & O_PATH);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  expect_file(must(open(path, O_RDONLY)), 3000, 1);
  pass();
}
