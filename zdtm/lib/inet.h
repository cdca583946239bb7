/* IPv4 and IPv6 sockets of cases, and a peer outside the tree. */
#pragma once

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "check.h"
#include "descriptors.h"

struct at {
  struct sockaddr_storage address;
  socklen_t size;
};

/* The loopback address of the family. */
static inline struct at loopback_at(int family, int port) {
  struct at a = {.size = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)};
  a.address.ss_family = family;
  if (family == AF_INET6) {
    struct sockaddr_in6* in6 = (struct sockaddr_in6*)&a.address;
    in6->sin6_addr = in6addr_loopback;
    in6->sin6_port = htons(port);
  } else {
    struct sockaddr_in* in = (struct sockaddr_in*)&a.address;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in->sin_port = htons(port);
  }
  return a;
}

static inline struct sockaddr* sa(struct at* a) { return (struct sockaddr*)&a->address; }

static inline struct at own_address(int fd) {
  struct at a = {.size = sizeof(a.address)};
  must(getsockname(fd, sa(&a), &a.size));
  return a;
}

static inline struct at peer_address(int fd) {
  struct at a = {.size = sizeof(a.address)};
  must(getpeername(fd, sa(&a), &a.size));
  return a;
}

static inline int same_address(struct at a, struct at b) {
  return a.size == b.size && memcmp(&a.address, &b.address, a.size) == 0;
}

static inline int option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  must(getsockopt(fd, level, name, &value, &size));
  return value;
}

static inline void set_option(int fd, int level, int name, int value) {
  if (setsockopt(fd, level, name, &value, sizeof(value))) die("option %d of level %d: %s", name, level, strerror(errno));
}

static inline int bound(int family, int type, int port) {
  struct at a = loopback_at(family, port);
  int fd = must(socket(family, type, 0));
  must(bind(fd, sa(&a), a.size));
  return fd;
}

static inline int listening(int family, int backlog) {
  int fd = bound(family, SOCK_STREAM, 0);
  must(listen(fd, backlog));
  return fd;
}

static inline int connected_to(int family, struct at to) {
  int fd = must(socket(family, SOCK_STREAM, 0));
  must(connect(fd, sa(&to), to.size));
  return fd;
}

/* Both ends of a connection. */
static inline void tcp_pair(int family, int* client, int* server) {
  int l = listening(family, 1);
  *client = connected_to(family, own_address(l));
  *server = must(accept(l, NULL, NULL));
  close(l);
}

static inline int tcp_state(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof(info);
  must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
  return info.tcpi_state;
}

static inline void wait_tcp_state(int fd, int state) {
  for (int i = 0; tcp_state(fd) != state; i++) {
    if (i > 5000) die("fd %d is in state %d, not %d", fd, tcp_state(fd), state);
    usleep(1000);
  }
}

static inline void send_pattern(int fd, size_t size, uint32_t seed) {
  char* data = malloc(size);
  fill_pattern(data, size, seed);
  for (size_t at = 0; at < size;) at += must(send(fd, data + at, size - at, MSG_NOSIGNAL));
  free(data);
}

static inline void expect_pattern(int fd, size_t size, uint32_t seed) {
  char* data = malloc(size);
  for (size_t at = 0; at < size;) {
    ssize_t n = must(recv(fd, data + at, size - at, 0));
    if (n == 0) die("fd %d ended after %zu of %zu bytes", fd, at, size);
    at += n;
  }
  if (check_pattern(data, size, seed)) die("fd %d gave other bytes", fd);
  free(data);
}

/* As much as fits, without waiting; how much that was. */
static inline size_t fill_up(int fd, uint32_t seed) {
  enum { kMost = 64 << 20 };
  char* data = malloc(kMost);
  size_t at = 0;
  fill_pattern(data, kMost, seed);
  for (int idle = 0; idle < 20 && at < kMost;) {
    ssize_t n = send(fd, data + at, kMost - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      at += n;
      idle = 0;
    } else {
      usleep(5000);
      idle++;
    }
  }
  free(data);
  return at;
}

static inline void expect_end(int fd) {
  char byte;
  expect_eq(must(recv(fd, &byte, 1, 0)), 0);
}

static inline void both_ways(int a, int b) {
  write_text(a, "there");
  expect_read(b, "there");
  write_text(b, "and back");
  expect_read(a, "and back");
}

/* A process outside the tree, made before test_init(): runs serve(listening socket) until it ends or the case is over. */
static inline struct at outside(int family, void (*serve)(int fd)) {
  int l = listening(family, 8);
  struct at a = own_address(l);
  if (must(fork()) == 0) {
    serve(must(accept(l, NULL, NULL)));
    _exit(0);
  }
  close(l);
  return a;
}

/* A stream socket that is no connection. */
static inline void expect_closed(int fd) {
  char byte;
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  expect_errno(getpeername(fd, (struct sockaddr*)&name, &size), ENOTCONN);
  expect_errno(recv(fd, &byte, 1, MSG_DONTWAIT), ENOTCONN);
  expect_errno(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), EPIPE);
}
