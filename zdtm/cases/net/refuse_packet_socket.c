/* zdtm:
 * title: a packet socket is refused by name and goes on seeing packets
 * refuse: packet
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include "check.h"
#include "descriptors.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in at;
  test_init(argc, argv);
  struct sockaddr_ll lo = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex("lo")};
  int sock = must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)));
  must(bind(sock, (struct sockaddr*)&lo, sizeof(lo)));
  move_fd(sock, kRefusedFd);

  test_daemon();
  test_waitsig();

  int udp = bound_socket(SOCK_DGRAM, &at);
  must(sendto(udp, "x", 1, 0, (struct sockaddr*)&at, sizeof(at)));
  struct pollfd p = {.fd = kRefusedFd, .events = POLLIN};
  expect_eq(poll(&p, 1, 1000), 1);
  pass();
}
