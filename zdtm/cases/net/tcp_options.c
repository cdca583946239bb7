/* zdtm:
 * title: options of TCP connections: keepalive, cork, nodelay, timeouts, TTL, TOS, congestion control, buffers, linger ...
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  static const struct {
    int level, name, value;
  } kOptions[] = {
      {SOL_SOCKET, SO_KEEPALIVE, 1},        {SOL_SOCKET, SO_REUSEADDR, 1},     {SOL_SOCKET, SO_OOBINLINE, 1},
      {SOL_SOCKET, SO_SNDBUF, 70000},       {SOL_SOCKET, SO_RCVBUF, 80000},    {SOL_SOCKET, SO_PRIORITY, 3},
      {SOL_SOCKET, SO_RCVLOWAT, 5},         {IPPROTO_TCP, TCP_NODELAY, 1},     {IPPROTO_TCP, TCP_CORK, 1},
      {IPPROTO_TCP, TCP_KEEPIDLE, 111},     {IPPROTO_TCP, TCP_KEEPINTVL, 22},  {IPPROTO_TCP, TCP_KEEPCNT, 3},
      {IPPROTO_TCP, TCP_SYNCNT, 4},         {IPPROTO_TCP, TCP_LINGER2, 17},    {IPPROTO_TCP, TCP_USER_TIMEOUT, 77777},
      {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 9999}, {IPPROTO_IP, IP_TOS, 0x10},      {IPPROTO_IP, IP_TTL, 33},
      {IPPROTO_IP, IP_MTU_DISCOVER, 3},     {IPPROTO_TCP, TCP_WINDOW_CLAMP, 30000}, {IPPROTO_IP, IP_MINTTL, 2},
  };
  enum { kCount = sizeof(kOptions) / sizeof(kOptions[0]) };
  int client, server, set[kCount], plain[kCount];
  struct linger linger = {1, 12}, got = {0};
  char cc[16] = "", now[16] = "";
  test_init(argc, argv);
  tcp_pair(AF_INET, &client, &server);
  for (int i = 0; i < kCount; i++)
    set_option(client, kOptions[i].level, kOptions[i].name, kOptions[i].value);
  for (int i = 0; i < kCount; i++) { /* one may change another */
    set[i] = option(client, kOptions[i].level, kOptions[i].name);
    plain[i] = option(server, kOptions[i].level, kOptions[i].name);
  }
  must(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  socklen_t size = sizeof(cc);
  must(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
  must(getsockopt(client, IPPROTO_TCP, TCP_CONGESTION, cc, &size));
  struct tcp_info before, after;
  size = sizeof(before);
  must(getsockopt(client, IPPROTO_TCP, TCP_INFO, &before, &size));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    int is = option(client, kOptions[i].level, kOptions[i].name);
    int other = option(server, kOptions[i].level, kOptions[i].name);
    if (is != set[i]) fail("option %d/%d is %d, was %d", kOptions[i].level, kOptions[i].name, is, set[i]);
    if (other != plain[i])
      fail("option %d/%d of the peer is %d, was %d", kOptions[i].level, kOptions[i].name, other, plain[i]);
  }
  size = sizeof(got);
  must(getsockopt(client, SOL_SOCKET, SO_LINGER, &got, &size));
  expect(got.l_onoff == 1 && got.l_linger == 12);
  size = sizeof(now);
  must(getsockopt(client, IPPROTO_TCP, TCP_CONGESTION, now, &size));
  expect(strcmp(now, cc) == 0 && strcmp(now, "reno") == 0);
  size = sizeof(after);
  must(getsockopt(client, IPPROTO_TCP, TCP_INFO, &after, &size));
  expect_eq(after.tcpi_options & 7, before.tcpi_options & 7);
  expect_eq(after.tcpi_snd_wscale, before.tcpi_snd_wscale);
  expect_eq(after.tcpi_rcv_wscale, before.tcpi_rcv_wscale);
  set_option(client, IPPROTO_TCP, TCP_CORK, 0);
  set_option(client, SOL_SOCKET, SO_RCVLOWAT, 1);
  both_ways(client, server);
  pass();
}
