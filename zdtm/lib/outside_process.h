/* A process outside of the tree, for cases that hold something of it. */
#pragma once

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static inline int open_pidfd(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
/* Of a pidfd. */
static inline int is_dead(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return must(poll(&p, 1, 0));
}

/* A grandchild that nobody in the tree is the parent of, and that ends with the case. */
static inline pid_t start_outside(void) {
  int told[2];
  pid_t pid = 0, root = getpid();
  must(pipe(told));
  pid_t between = must(fork());
  if (between == 0) {
    pid = must(fork());
    if (pid != 0) _exit(0);
    must(setsid());
    pid = getpid();
    int of_root = must(open_pidfd(root, 0));
    while (getppid() == between) usleep(100);
    must(write(told[1], &pid, sizeof(pid)));
    must(close_range(0, of_root - 1, 0));
    must(close_range(of_root + 1, ~0u, 0));
    while (!is_dead(of_root)) usleep(1000);
    _exit(0);
  }
  expect_eq(read(told[0], &pid, sizeof(pid)), sizeof(pid));
  close(told[0]);
  close(told[1]);
  must(waitpid(between, NULL, 0));
  return pid;
}
