/* Pseudo terminals of a case. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "check.h"
#include "descriptors.h"

/* A master, unlocked. */
static inline int open_master(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) skip("no pseudo terminals here: %s", strerror(errno));
  must(unlockpt(master));
  return master;
}

/* A slave of it, that becomes nobody's controlling terminal. */
static inline int open_slave(int master, int flags) {
  char name[64];
  must(ptsname_r(master, name, sizeof(name)));
  return must(open(name, flags | O_NOCTTY));
}

/* No translation, no echo, no signals, no lines. */
static inline void make_raw(int fd) {
  struct termios mode;
  must(tcgetattr(fd, &mode));
  cfmakeraw(&mode);
  must(tcsetattr(fd, TCSANOW, &mode));
}

/* What poll(2) says now. */
static inline int poll_of(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLPRI | POLLOUT};
  must(poll(&p, 1, 0));
  return p.revents;
}

/* Until that many bytes can be read: what one end writes comes to the other by a worker of the kernel. */
static inline void wait_for_input(int fd, int bytes) {
  int ready = 0;
  for (int i = 0; i < 5000; ++i) {
    must(ioctl(fd, FIONREAD, &ready));
    if (ready >= bytes) return;
    poll_of(fd);
    usleep(1000);
  }
  die("fd %d has %d bytes, not %d", fd, ready, bytes);
}

/* Reads what is there at once; fails unless it is exactly this text. */
static inline void expect_line(int fd, const char* text) {
  char got[8192];
  if (!(poll_of(fd) & POLLIN)) die("fd %d has nothing to read, not \"%s\"", fd, text);
  ssize_t n = must(read(fd, got, sizeof(got)));
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("fd %d gave \"%.*s\", not \"%s\"", fd, (int)n, got, text);
}

static inline void expect_nothing(int fd) {
  if (poll_of(fd) & POLLIN) die("fd %d has something to read", fd);
}
