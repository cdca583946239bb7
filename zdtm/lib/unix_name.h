/* unix sockets with names: what getsockname, getpeername and SO_PEERCRED tell, before and after. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

struct unix_at {
  struct sockaddr_un address;
  socklen_t size;
};

/* A path, or with '@' in front an abstract name. */
static inline struct unix_at unix_at(const char* name) {
  struct unix_at a = {.address = {.sun_family = AF_UNIX}};
  char* path = a.address.sun_path;
  snprintf(path, sizeof(a.address.sun_path), "%s", name);
  a.size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (name[0] != '@');
  if (name[0] == '@') path[0] = '\0';
  return a;
}

/* For names that processes outside of the tree share: the case's own directory isn't there before test_init. */
static inline const char* unix_own_directory(void) {
  static char directory[] = "/tmp/zdtm-names-XXXXXX";
  if (!mkdtemp(directory)) die("cannot make %s: %s", directory, strerror(errno));
  must(chmod(directory, 0755));
  return directory;
}

static inline int unix_bound(int type, const char* name) {
  struct unix_at a = unix_at(name);
  int fd = must(socket(AF_UNIX, type, 0));
  if (bind(fd, (struct sockaddr*)&a.address, a.size)) die("cannot bind %s: %s", name, strerror(errno));
  return fd;
}

static inline int unix_listening(int type, const char* name, int backlog) {
  int fd = unix_bound(type, name);
  must(listen(fd, backlog));
  return fd;
}

static inline int unix_connect(int fd, const char* name) {
  struct unix_at a = unix_at(name);
  return connect(fd, (struct sockaddr*)&a.address, a.size);
}

static inline int unix_connected(int type, const char* name) {
  int fd = must(socket(AF_UNIX, type, 0));
  if (unix_connect(fd, name)) die("cannot connect to %s: %s", name, strerror(errno));
  return fd;
}

static inline void unix_send_to(int fd, const char* name, const char* text) {
  struct unix_at a = unix_at(name);
  if (sendto(fd, text, strlen(text), 0, (struct sockaddr*)&a.address, a.size) != (ssize_t)strlen(text))
    die("cannot send \"%s\" to %s: %s", text, name, strerror(errno));
}

static inline int same_name(struct unix_at a, struct unix_at b) {
  return a.size == b.size && memcmp(&a.address, &b.address, a.size) == 0;
}

/* The next message is this text and comes from the socket of that name ("" for none). */
static inline void expect_from(int fd, const char* name, const char* text) {
  char got[256];
  struct unix_at from = {.size = sizeof(from.address)}, wanted = unix_at(name);
  if (!*name) wanted.size = 0;
  ssize_t n = recvfrom(fd, got, sizeof(got), MSG_DONTWAIT, (struct sockaddr*)&from.address, &from.size);
  if (n != (ssize_t)strlen(text) || memcmp(got, text, n)) die("\"%.*s\" (%zd), not \"%s\"", (int)n, got, n, text);
  if (from.size <= sizeof(sa_family_t)) from.size = 0;
  if (from.size != wanted.size || (from.size && !same_name(from, wanted)))
    die("\"%s\" came from %.*s, not from %s", text, (int)from.size, from.address.sun_path, name);
}

/* All that a socket tells of names and of who is at the other end. */
struct unix_view {
  struct unix_at name, peer;
  int peer_error, accepts;
  struct ucred cred;
};

static inline struct unix_view unix_view(int fd) {
  struct unix_view v;
  socklen_t size = sizeof(v.cred), int_size = sizeof(int);
  memset(&v, 0, sizeof(v));
  v.name.size = v.peer.size = sizeof(v.name.address);
  must(getsockname(fd, (struct sockaddr*)&v.name.address, &v.name.size));
  if (getpeername(fd, (struct sockaddr*)&v.peer.address, &v.peer.size)) {
    v.peer_error = errno;
    v.peer.size = 0;
  }
  must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &v.cred, &size));
  must(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v.accepts, &int_size));
  return v;
}

static inline void expect_view(int fd, struct unix_view was) {
  struct unix_view is = unix_view(fd);
  if (!same_name(is.name, was.name)) die("fd %d has the name %.107s", fd, is.name.address.sun_path);
  if (is.peer_error != was.peer_error) die("fd %d: getpeername gives %s", fd, strerror(is.peer_error));
  if (!same_name(is.peer, was.peer)) die("the peer of fd %d has the name %.107s", fd, is.peer.address.sun_path);
  expect_eq(is.accepts, was.accepts);
  expect_eq(is.cred.pid, was.cred.pid);
  expect_eq(is.cred.uid, was.cred.uid);
  expect_eq(is.cred.gid, was.cred.gid);
}

static inline void expect_both_ways(int a, int b) {
  write_text(a, "there");
  expect_read(b, "there");
  write_text(b, "and back");
  expect_read(a, "and back");
}

/* A new connection to the listener at that name works. */
static inline void expect_accepts(int listener, int type, const char* name) {
  int client = unix_connected(type, name), server = must(accept(listener, NULL, NULL));
  expect_both_ways(client, server);
  close(client);
  close(server);
}

static inline void expect_closed(int fd) {
  char byte;
  expect_eq(must(recv(fd, &byte, 1, MSG_DONTWAIT)), 0);
}

/* Sends back what comes, one client at a time; tells the end of each by a byte in a file. */
static inline void unix_serve_echo(int listener, const char* ends) {
  for (;;) {
    char data[64];
    ssize_t n;
    int fd = must(accept(listener, NULL, NULL));
    while ((n = read(fd, data, sizeof(data))) > 0) must(write(fd, data, n));
    int log = must(open(ends, O_WRONLY | O_CREAT | O_APPEND, 0644));
    must(write(log, n == 0 ? "0" : "-", 1));
    close(log);
    close(fd);
  }
}
