/* zdtm:
 * title: packet sockets of fanout groups: number, kind, flags; packets still go to one of the members each
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "check.h"
#include "refused_socket.h"

enum { kMembers = 2, kPackets = 8 };

static int fanout(int sock, int value, int set) {
  socklen_t size = sizeof(value);
  must(set ? setsockopt(sock, SOL_PACKET, PACKET_FANOUT, &value, size)
           : getsockopt(sock, SOL_PACKET, PACKET_FANOUT, &value, &size));
  return value;
}

static int member_of(int group) {
  struct sockaddr_ll lo = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex("lo")};
  int sock = must(socket(AF_PACKET, SOCK_DGRAM, 0));
  must(bind(sock, (struct sockaddr*)&lo, sizeof(lo)));
  const int yes = 1; /* loopback shows each packet twice */
  must(setsockopt(sock, SOL_PACKET, 23 /* PACKET_IGNORE_OUTGOING */, &yes, sizeof(yes)));
  fanout(sock, group, 1);
  return sock;
}

static int count(int sock) {
  char packet[256];
  int n = 0;
  while (recv(sock, packet, sizeof(packet), MSG_DONTWAIT) > 0) n++;
  return n;
}

int main(int argc, char** argv) {
  struct sockaddr_in at;
  const int round_robin = 7 | PACKET_FANOUT_LB << 16;
  const int other = 9 | (PACKET_FANOUT_CPU | PACKET_FANOUT_FLAG_DEFRAG) << 16, zero = PACKET_FANOUT_HASH << 16;
  int member[kMembers];
  test_init(argc, argv);
  for (int i = 0; i < kMembers; i++) member[i] = member_of(round_robin);
  int alone = member_of(other), first = member_of(zero);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kMembers; i++) expect_eq(fanout(member[i], 0, 0), round_robin);
  expect_eq(fanout(alone, 0, 0), other);
  expect_eq(fanout(first, 0, 0), zero);
  int udp = bound_socket(SOCK_DGRAM, &at);
  for (int i = 0; i < kPackets; i++) must(sendto(udp, "x", 1, 0, (struct sockaddr*)&at, sizeof(at)));
  for (int i = 0; i < kMembers; i++) expect_eq(count(member[i]), kPackets / kMembers);
  expect_eq(count(alone), kPackets);
  expect_eq(count(first), kPackets);
  pass();
}
