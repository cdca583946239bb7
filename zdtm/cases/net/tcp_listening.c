/* zdtm:
 * title: listening TCP sockets on IPv4, IPv6, both, with and without address; backlog and options; clients connect after
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static void serves(int l, struct at to) {
  int c = connected_to(to.address.ss_family, to), s = must(accept(l, NULL, NULL));
  both_ways(c, s);
  close(c);
  close(s);
}

static int listening_any6(int only) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6};
  int fd = must(socket(AF_INET6, SOCK_STREAM, 0));
  set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
  must(bind(fd, (struct sockaddr*)&any, sizeof(any)));
  must(listen(fd, 7));
  return fd;
}

static int port_of(int fd) {
  struct at a = own_address(fd);
  return ntohs(((struct sockaddr_in*)&a.address)->sin_port);
}

static int backlog_of(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof(info);
  must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
  return info.tcpi_sacked;
}

int main(int argc, char** argv) {
  int fd[4], values[4][4];
  struct at before[4];
  test_init(argc, argv);
  fd[0] = listening(AF_INET, 5);
  fd[1] = listening(AF_INET6, 5);
  fd[2] = listening_any6(0);
  fd[3] = listening_any6(1);
  set_option(fd[0], IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
  set_option(fd[0], IPPROTO_TCP, TCP_FASTOPEN, 23);
  set_option(fd[1], SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd[1], SOL_SOCKET, SO_KEEPALIVE, 1);
  for (int i = 0; i < 4; i++) {
    before[i] = own_address(fd[i]);
    values[i][0] = option(fd[i], IPPROTO_TCP, TCP_DEFER_ACCEPT);
    values[i][1] = option(fd[i], IPPROTO_TCP, TCP_FASTOPEN);
    values[i][2] = option(fd[i], SOL_SOCKET, SO_REUSEADDR);
    values[i][3] = option(fd[i], SOL_SOCKET, SO_KEEPALIVE);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; i++) {
    expect(same_address(before[i], own_address(fd[i])));
    expect_eq(tcp_state(fd[i]), TCP_LISTEN);
    expect_eq(backlog_of(fd[i]), i < 2 ? 5 : 7);
    expect_eq(option(fd[i], IPPROTO_TCP, TCP_DEFER_ACCEPT), values[i][0]);
    expect_eq(option(fd[i], IPPROTO_TCP, TCP_FASTOPEN), values[i][1]);
    expect_eq(option(fd[i], SOL_SOCKET, SO_REUSEADDR), values[i][2]);
    expect_eq(option(fd[i], SOL_SOCKET, SO_KEEPALIVE), values[i][3]);
  }
  expect(values[0][0] > 0 && values[0][1] == 23 && values[1][2] == 1);
  set_option(fd[0], IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
  serves(fd[0], before[0]);
  serves(fd[1], before[1]);
  serves(fd[2], loopback_at(AF_INET, port_of(fd[2])));
  serves(fd[2], loopback_at(AF_INET6, port_of(fd[2])));
  serves(fd[3], loopback_at(AF_INET6, port_of(fd[3])));
  int c = must(socket(AF_INET, SOCK_STREAM, 0));
  struct at v4 = loopback_at(AF_INET, port_of(fd[3]));
  expect_errno(connect(c, sa(&v4), v4.size), ECONNREFUSED);
  pass();
}
