/* zdtm:
 * title: datagrams that wait in a socket bound to a multicast group are refused by name, since others of the group would get them
 * refuse: --allow-lossy udp-queue
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct at at = loopback_at(AF_INET, 0);
  struct ip_mreqn group = {.imr_multiaddr = {inet_addr("239.1.2.3")}, .imr_ifindex = 1};
  int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), from = bound(AF_INET, SOCK_DGRAM, 0);
  ((struct sockaddr_in*)&at.address)->sin_addr = group.imr_multiaddr;
  must(bind(fd, sa(&at), at.size));
  must(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
  must(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)));
  at = own_address(fd);
  must(sendto(from, "waiting", 7, 0, sa(&at), at.size));
  struct pollfd p = {fd, POLLIN, 0};
  expect_eq(poll(&p, 1, 1000), 1);

  test_daemon();
  test_waitsig();

  expect_read(fd, "waiting");
  pass();
}
