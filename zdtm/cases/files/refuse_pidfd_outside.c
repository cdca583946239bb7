/* zdtm:
 * title: a pidfd of a process outside of the tree is refused by the name of both; it still leads there
 * refuse: outside of the tree
 * outside: the process would be in the tree
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = syscall(SYS_pidfd_open, 1, 0);
  if (fd < 0) skip("no pidfds here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  test_daemon();
  test_waitsig();
  must(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
  pass();
}
