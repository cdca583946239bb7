/* zdtm:
 * title: a pidfd is refused by name and still leads to its process
 * refuse: pidfd
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void nothing(void* arg) { (void)arg; }

int main(int argc, char** argv) {
  test_init(argc, argv);
  pid_t pid = waiting_child_start(NULL, nothing, NULL);
  int fd = syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) skip("no pidfds here: %s", strerror(errno));
  fd = move_fd(fd, 77);

  test_daemon();
  test_waitsig();

  struct pollfd p = {.fd = fd, .events = POLLIN};
  expect_eq(poll(&p, 1, 0), 0);
  must(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
  expect_eq(poll(&p, 1, 2000), 1);
  must(waitpid(pid, NULL, 0));
  pass();
}
