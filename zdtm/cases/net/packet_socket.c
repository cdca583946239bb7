/* zdtm:
 * title: packet sockets: interface, protocol, options, memberships, filter; they go on seeing packets
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include "check.h"
#include "descriptors.h"
#include "refused_socket.h"

static int packet_option(int sock, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  must(getsockopt(sock, SOL_PACKET, option, &value, &size));
  return value;
}

int main(int argc, char** argv) {
  struct sockaddr_in at;
  struct sockaddr_ll got;
  const int yes = 1, version = TPACKET_V2;
  socklen_t size = sizeof(got);
  test_init(argc, argv);
  struct sockaddr_ll lo = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex("lo")};
  int sock = must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)));
  must(bind(sock, (struct sockaddr*)&lo, sizeof(lo)));
  must(setsockopt(sock, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)));
  must(setsockopt(sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
  struct packet_mreq promiscuous = {.mr_ifindex = lo.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  must(setsockopt(sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)));
  sock = move_fd(sock, kRefusedFd);
  int deaf = must(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
  struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  struct sock_fprog program = {1, nothing};
  must(setsockopt(deaf, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
  char drain[256];
  while (recv(deaf, drain, sizeof(drain), MSG_DONTWAIT) > 0) {
  }
  int off = must(socket(AF_PACKET, SOCK_RAW, 0));

  test_daemon();
  test_waitsig();

  must(getsockname(sock, (struct sockaddr*)&got, &size));
  expect(got.sll_ifindex == lo.sll_ifindex && got.sll_protocol == htons(ETH_P_IP));
  expect_eq(packet_option(sock, PACKET_AUXDATA), 1);
  expect_eq(packet_option(sock, PACKET_VERSION), TPACKET_V2);
  must(setsockopt(sock, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &promiscuous, sizeof(promiscuous)));
  int udp = bound_socket(SOCK_DGRAM, &at);
  must(sendto(udp, "x", 1, 0, (struct sockaddr*)&at, sizeof(at)));
  struct pollfd p[3] = {{.fd = kRefusedFd, .events = POLLIN}, {.fd = deaf, .events = POLLIN}, {.fd = off, .events = POLLIN}};
  expect_eq(poll(p, 3, 1000), 1);
  expect(p[0].revents & POLLIN);
  pass();
}
