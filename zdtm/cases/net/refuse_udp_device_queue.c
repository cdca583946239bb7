/* zdtm:
 * title: datagrams that wait in an IPv6 socket bound to a device are refused by name, and can be read afterwards
 * refuse: --allow-lossy udp-queue
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct at at = loopback_at(AF_INET6, 0);
  int fd = must(socket(AF_INET6, SOCK_DGRAM, 0)), from = bound(AF_INET6, SOCK_DGRAM, 0);
  must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  must(bind(fd, sa(&at), at.size));
  at = own_address(fd);
  must(sendto(from, "waiting", 7, 0, sa(&at), at.size));

  test_daemon();
  test_waitsig();

  expect_read(fd, "waiting");
  pass();
}
