/* zdtm:
 * title: connections that nobody has accepted: IPv6, mapped IPv4, a listener that only a child has, two of one port, TCP_DEFER_ACCEPT, a client that did not wait
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"
#include "waiting_child.h"

static int of_child;

static void keep(void* arg) { (void)arg; }

static void check_child(void* arg) {
  (void)arg;
  for (int i = 0; i < 2; i++) {
    int fd = must(accept(of_child, NULL, NULL));
    expect_read(fd, i == 0 ? "first" : "second");
  }
}

static int port_of(int fd) {
  struct at a = own_address(fd);
  return ntohs(a.address.ss_family == AF_INET6 ? ((struct sockaddr_in6*)&a.address)->sin6_port
                                               : ((struct sockaddr_in*)&a.address)->sin_port);
}

static int listening_at(const char* ip, int port) {
  struct at a = loopback_at(AF_INET, port);
  inet_pton(AF_INET, ip, &((struct sockaddr_in*)&a.address)->sin_addr);
  int fd = must(socket(AF_INET, SOCK_STREAM, 0));
  must(bind(fd, sa(&a), a.size));
  must(listen(fd, 4));
  return fd;
}

int main(int argc, char** argv) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6};
  test_init(argc, argv);
  int six = must(socket(AF_INET6, SOCK_STREAM, 0));
  must(bind(six, (struct sockaddr*)&any, sizeof(any)));
  must(listen(six, 9));
  int port = port_of(six);
  int mapped = connected_to(AF_INET, loopback_at(AF_INET, port)), plain = connected_to(AF_INET6, loopback_at(AF_INET6, port));
  int mapped_too = connected_to(AF_INET, loopback_at(AF_INET, port));

  int here = listening_at("127.0.0.1", 0);
  port = port_of(here);
  int there = listening_at("127.0.0.2", port);
  int to_there = connected_to(AF_INET, own_address(there)), to_here = connected_to(AF_INET, own_address(here));

  of_child = listening(AF_INET, 1);
  int first = connected_to(AF_INET, own_address(of_child)), second = connected_to(AF_INET, own_address(of_child));
  pid_t child = waiting_child_start(keep, check_child, NULL);
  close(of_child);

  int deferring = bound(AF_INET, SOCK_STREAM, 0);
  set_option(deferring, IPPROTO_TCP, TCP_DEFER_ACCEPT, 600);
  must(listen(deferring, 4));
  int quiet = connected_to(AF_INET, own_address(deferring));

  int l = listening(AF_INET, 4);
  int nonblocking = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  struct at to = own_address(l);
  expect_errno(connect(nonblocking, sa(&to), to.size), EINPROGRESS);
  wait_tcp_state(nonblocking, TCP_ESTABLISHED);

  test_daemon();
  test_waitsig();

  both_ways(mapped, must(accept(six, NULL, NULL)));
  int fd = must(accept(six, NULL, NULL));
  expect(same_address(peer_address(fd), own_address(plain)));
  both_ways(plain, fd);
  both_ways(mapped_too, must(accept(six, NULL, NULL)));
  both_ways(to_here, must(accept(here, NULL, NULL)));
  both_ways(to_there, must(accept(there, NULL, NULL)));
  write_text(first, "first");
  write_text(second, "second");
  waiting_child_finish(child);
  fcntl(deferring, F_SETFL, O_NONBLOCK);
  expect_errno(accept(deferring, NULL, NULL), EAGAIN);
  write_text(quiet, "at last");
  fcntl(deferring, F_SETFL, 0);
  fd = must(accept(deferring, NULL, NULL));
  expect_read(fd, "at last");
  both_ways(quiet, fd);
  expect_eq(option(nonblocking, SOL_SOCKET, SO_ERROR), 0);
  fcntl(nonblocking, F_SETFL, 0);
  both_ways(nonblocking, must(accept(l, NULL, NULL)));
  pass();
}
