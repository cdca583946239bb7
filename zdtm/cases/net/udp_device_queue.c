/* zdtm:
 * title: datagrams that wait in a socket bound to a device, and in one of the same port that is not (IPv4)
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static int at_port(int family, struct at* a, const char* device) {
  int fd = must(socket(family, SOCK_DGRAM, 0));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (device) must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1));
  must(bind(fd, sa(a), a->size));
  *a = own_address(fd);
  return fd;
}

static void expect_next(int fd, const char* text) {
  char got[32];
  ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
  if (n < 0) die("fd %d has nothing, instead of \"%s\"", fd, text);
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("fd %d gave \"%.*s\", not \"%s\"", fd, (int)n, got, text);
}

static void expect_none(int fd) {
  char byte;
  expect_errno(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
}

int main(int argc, char** argv) {
  char name[16] = "";
  socklen_t size = sizeof(name);
  test_init(argc, argv);
  struct at any = loopback_at(AF_INET, 0), peer = {.size = sizeof(peer.address)};
  ((struct sockaddr_in*)&any.address)->sin_addr.s_addr = 0;
  int of_all = at_port(AF_INET, &any, NULL), from = bound(AF_INET, SOCK_DGRAM, 0), other = bound(AF_INET, SOCK_DGRAM, 0);
  struct at to = loopback_at(AF_INET, ntohs(((struct sockaddr_in*)&any.address)->sin_port));
  must(sendto(from, "to all", 6, 0, sa(&to), to.size));
  int of_lo = at_port(AF_INET, &any, "lo");
  must(sendto(from, "to lo", 5, 0, sa(&to), to.size));
  must(sendto(other, "again", 5, 0, sa(&to), to.size));

  test_daemon();
  test_waitsig();

  expect_next(of_all, "to all");
  expect_next(of_lo, "to lo");
  expect_next(of_lo, "again");
  expect_none(of_all);
  expect_none(of_lo);
  must(getsockopt(of_lo, SOL_SOCKET, SO_BINDTODEVICE, name, &size));
  expect(strcmp(name, "lo") == 0);
  expect(same_address(own_address(of_lo), any));
  expect_errno(getpeername(of_lo, sa(&peer), &peer.size), ENOTCONN);
  must(sendto(from, "more", 4, 0, sa(&to), to.size));
  expect_next(of_lo, "more");
  must(sendto(other, "and more", 8, 0, sa(&to), to.size));
  expect_next(of_lo, "and more");
  expect_none(of_all);
  pass();
}
