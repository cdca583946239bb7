/* zdtm:
 * title: sockets that share a port by SO_REUSEADDR, which some of them have given up since
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

enum { kEach = 3 };

static int sharing(int type, struct at* a) {
  int fd = must(socket(AF_INET, type, 0));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  must(bind(fd, sa(a), a->size));
  *a = own_address(fd);
  return fd;
}

static void expect_taken(int type, struct at a) {
  int fd = must(socket(AF_INET, type, 0));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  expect_errno(bind(fd, sa(&a), a.size), EADDRINUSE);
  close(fd);
}

int main(int argc, char** argv) {
  int udp[kEach], tcp[kEach];
  test_init(argc, argv);
  struct at udp_at = loopback_at(AF_INET, 0), tcp_at = udp_at;
  for (int i = 0; i < kEach; i++) {
    udp[i] = sharing(SOCK_DGRAM, &udp_at);
    tcp[i] = sharing(SOCK_STREAM, &tcp_at);
  }
  must(listen(tcp[1], 1));
  for (int i = 0; i < kEach; i += 2) {
    set_option(udp[i], SOL_SOCKET, SO_REUSEADDR, 0);
    set_option(tcp[i], SOL_SOCKET, SO_REUSEADDR, 0);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kEach; i++) {
    expect(same_address(own_address(udp[i]), udp_at));
    expect(same_address(own_address(tcp[i]), tcp_at));
    expect_eq(option(udp[i], SOL_SOCKET, SO_REUSEADDR), i == 1);
    expect_eq(option(tcp[i], SOL_SOCKET, SO_REUSEADDR), i == 1);
  }
  expect_taken(SOCK_DGRAM, udp_at);
  expect_taken(SOCK_STREAM, tcp_at);
  int client = connected_to(AF_INET, tcp_at);
  both_ways(client, must(accept(tcp[1], NULL, NULL)));
  pass();
}
