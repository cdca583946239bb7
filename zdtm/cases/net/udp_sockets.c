/* zdtm:
 * title: UDP sockets: bound, connected, new; options; multicast groups; datagrams that were not read, with their senders
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static void expect_from(int fd, const char* text, struct at sender) {
  char got[65536];
  struct at from = {.size = sizeof(from.address)};
  ssize_t n = must(recvfrom(fd, got, sizeof(got), MSG_DONTWAIT, sa(&from), &from.size));
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("fd %d gave %zd bytes \"%.*s\"", fd, n, (int)n, got);
  expect(same_address(from, sender));
}

int main(int argc, char** argv) {
  static const int kFamilies[] = {AF_INET, AF_INET6};
  int plain[2], sender[2], linked[2];
  char byte, large[60000];
  test_init(argc, argv);
  memset(large, 'x', sizeof(large) - 1);
  large[sizeof(large) - 1] = 0;
  for (int i = 0; i < 2; i++) {
    plain[i] = bound(kFamilies[i], SOCK_DGRAM, 0);
    sender[i] = bound(kFamilies[i], SOCK_DGRAM, 0);
    linked[i] = must(socket(kFamilies[i], SOCK_DGRAM, 0));
    struct at to = own_address(plain[i]), peer = own_address(sender[i]);
    must(connect(linked[i], sa(&peer), peer.size));
    struct at back = own_address(linked[i]);
    must(sendto(sender[i], "one", 3, 0, sa(&to), to.size));
    must(sendto(linked[i], "wrong way", 0, 0, NULL, 0));
    must(sendto(sender[i], large, sizeof(large) - 1, 0, sa(&to), to.size));
    must(sendto(sender[i], "three", 5, 0, sa(&to), to.size));
    must(sendto(sender[i], "linked", 6, 0, sa(&back), back.size));
    set_option(plain[i], SOL_SOCKET, SO_BROADCAST, 1);
  }
  set_option(plain[0], IPPROTO_IP, IP_RECVTTL, 1);
  set_option(plain[0], IPPROTO_IP, IP_MULTICAST_TTL, 9);
  set_option(plain[1], IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  set_option(plain[1], IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 8);
  int member = bound(AF_INET, SOCK_DGRAM, 0);
  struct ip_mreqn group = {.imr_multiaddr = {inet_addr("239.1.2.3")}, .imr_ifindex = 1};
  must(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
  int other = bound(AF_INET, SOCK_DGRAM, 0);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect_from(plain[i], "one", own_address(sender[i]));
    expect_from(plain[i], large, own_address(sender[i]));
    expect_from(plain[i], "three", own_address(sender[i]));
    expect_errno(recv(plain[i], &byte, 1, MSG_DONTWAIT), EAGAIN);
    expect_from(linked[i], "linked", own_address(sender[i]));
    expect(same_address(peer_address(linked[i]), own_address(sender[i])));
    expect_from(sender[i], "", own_address(linked[i]));
    write_text(linked[i], "new");
    expect_from(sender[i], "new", own_address(linked[i]));
    expect_eq(option(plain[i], SOL_SOCKET, SO_BROADCAST), 1);
  }
  expect_eq(option(plain[0], IPPROTO_IP, IP_RECVTTL), 1);
  expect_eq(option(plain[0], IPPROTO_IP, IP_MULTICAST_TTL), 9);
  expect_eq(option(plain[1], IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
  expect_eq(option(plain[1], IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 8);
  /* Leaving succeeds for members only. */
  expect_errno(setsockopt(other, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)), EADDRNOTAVAIL);
  must(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)));
  pass();
}
