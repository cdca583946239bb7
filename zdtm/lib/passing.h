/* Descriptors passed in messages of unix sockets (SCM_RIGHTS). */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

enum { kMaxPassed = 16 };

/* Sends text with count descriptors in one message. */
static inline void send_fds(int sock, const char* text, const int* fds, int count) {
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(kMaxPassed * sizeof(int))];
  } control = {0};
  struct iovec data = {(char*)text, strlen(text)};
  struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1};
  if (count > 0) {
    msg.msg_control = &control;
    msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr* c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  }
  if (sendmsg(sock, &msg, 0) != (ssize_t)strlen(text)) die("cannot send \"%s\": %s", text, strerror(errno));
}

/* Receives one message, which must be this text; returns the number of descriptors that came with it. */
static inline int receive_fds(int sock, const char* text, int* fds) {
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(kMaxPassed * sizeof(int))];
  } control = {0};
  char got[1024];
  int count = 0;
  struct iovec data = {got, sizeof(got)};
  struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT);
  if (n < 0) die("no message in place of \"%s\": %s", text, strerror(errno));
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("message \"%.*s\", not \"%s\"", (int)n, got, text);
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
  }
  return count;
}

/* The next message of the socket is this text, without waiting for it. */
static inline void expect_message(int sock, const char* text) {
  char got[65536];
  ssize_t n = recv(sock, got, sizeof(got), MSG_DONTWAIT);
  if (n < 0) die("no message in place of \"%s\": %s", text, strerror(errno));
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("message \"%.*s\", not \"%s\"", (int)n, got, text);
}

static inline int socket_option(int sock, int option) {
  int value = 0;
  socklen_t len = sizeof(value);
  must(getsockopt(sock, SOL_SOCKET, option, &value, &len));
  return value;
}

static inline void set_socket_option(int sock, int option, int value) {
  must(setsockopt(sock, SOL_SOCKET, option, &value, sizeof(value)));
}
