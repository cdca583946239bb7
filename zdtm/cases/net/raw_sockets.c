/* zdtm:
 * title: raw IPv4 and IPv6 sockets and an ICMP one: protocol, address, filters, options; a ping is answered after
 * network: own
 */
#define _GNU_SOURCE
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "inet.h"

enum { kIcmpFilter = 1 };

int main(int argc, char** argv) {
  struct icmp6_filter filter6, now6;
  test_init(argc, argv);
  int raw = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), raw6 = must(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
  int whole = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW)), own = must(socket(AF_INET, SOCK_RAW, 200));
  struct at at = loopback_at(AF_INET, 0);
  must(bind(raw, sa(&at), at.size));
  set_option(raw, SOL_RAW, kIcmpFilter, ~(1 << ICMP_ECHOREPLY));
  set_option(own, IPPROTO_IP, IP_HDRINCL, 1);
  ICMP6_FILTER_SETBLOCKALL(&filter6);
  must(setsockopt(raw6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6)));
  struct at name = own_address(raw);

  test_daemon();
  test_waitsig();

  socklen_t size = sizeof(now6);
  must(getsockopt(raw6, IPPROTO_ICMPV6, ICMP6_FILTER, &now6, &size));
  expect(memcmp(&filter6, &now6, sizeof(now6)) == 0);
  expect(same_address(name, own_address(raw)));
  expect_eq(option(raw, SOL_RAW, kIcmpFilter), ~(1 << ICMP_ECHOREPLY));
  expect_eq(option(own, IPPROTO_IP, IP_HDRINCL), 1);
  expect_eq(option(own, SOL_SOCKET, SO_PROTOCOL), 200);
  expect_eq(option(whole, IPPROTO_IP, IP_HDRINCL), 1);
  struct icmphdr ping = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};
  must(sendto(raw, &ping, sizeof(ping), 0, sa(&at), at.size));
  char answer[200];
  struct pollfd p = {raw, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);
  expect_eq(must(recv(raw, answer, sizeof(answer), 0)), 28);
  expect_eq(answer[20], ICMP_ECHOREPLY);
  pass();
}
