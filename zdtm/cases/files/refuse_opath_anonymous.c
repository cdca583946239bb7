/* zdtm:
 * title: an O_PATH descriptor of something without a path (an epoll) is refused by name; it is still that
 * refuse: an O_PATH descriptor of something that has no path
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char path[64];
  struct epoll_event event;
  test_init(argc, argv);
  int epoll = must(epoll_create1(0));
  snprintf(path, sizeof(path), "/proc/self/fd/%d", epoll);
  int fd = open(path, O_PATH);
  if (fd < 0) skip("not to be had here: %s", strerror(errno));
  move_fd(fd, 77);
  close(epoll);

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(77, F_GETFL) & O_PATH, O_PATH);
  expect_errno(epoll_wait(77, &event, 1, 0), EBADF);
  pass();
}
