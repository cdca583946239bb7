/* zdtm:
 * title: datagrams not read: where they were sent, TTL, TOS, flow label as their socket asks for them; from before a connect(2) and a filter
 * network: own
 */
#define _GNU_SOURCE
#include <linux/filter.h>

#include "inet.h"

struct seen {
  char text[16];
  struct in_addr to;
  struct in6_addr to6;
  int interface, ttl, tos, hops, class;
  uint32_t flow;
};

static struct seen take(int fd, int flags) {
  struct seen s = {.ttl = -1, .tos = -1, .hops = -1, .class = -1};
  char control[512];
  struct iovec part = {s.text, sizeof(s.text) - 1};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  must(recvmsg(fd, &m, MSG_DONTWAIT | flags));
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
    void* data = CMSG_DATA(c);
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      s.to = ((struct in_pktinfo*)data)->ipi_addr;
      s.interface = ((struct in_pktinfo*)data)->ipi_ifindex;
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) s.ttl = *(int*)data;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) s.tos = *(unsigned char*)data;
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      s.to6 = ((struct in6_pktinfo*)data)->ipi6_addr;
      s.interface = ((struct in6_pktinfo*)data)->ipi6_ifindex;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT) s.hops = *(int*)data;
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) s.class = *(int*)data;
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == 11 /* IPV6_FLOWINFO */) s.flow = *(uint32_t*)data;
  }
  return s;
}

static void send_to(int fd, int family, const char* ip, struct at bound, const char* text) {
  struct at a = bound;
  inet_pton(family, ip, family == AF_INET ? (void*)&((struct sockaddr_in*)&a.address)->sin_addr
                                          : (void*)&((struct sockaddr_in6*)&a.address)->sin6_addr);
  must(sendto(fd, text, strlen(text), 0, sa(&a), a.size));
}

static int bound_to_all(int family) {
  struct at a = loopback_at(family, 0);
  if (family == AF_INET) ((struct sockaddr_in*)&a.address)->sin_addr.s_addr = 0;
  if (family == AF_INET6) ((struct sockaddr_in6*)&a.address)->sin6_addr = in6addr_any;
  int fd = must(socket(family, SOCK_DGRAM, 0));
  must(bind(fd, sa(&a), a.size));
  return fd;
}

int main(int argc, char** argv) {
  struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog drop_all = {1, &drop};
  test_init(argc, argv);
  int all = bound_to_all(AF_INET), all6 = bound_to_all(AF_INET6);
  set_option(all, IPPROTO_IP, IP_PKTINFO, 1);
  set_option(all, IPPROTO_IP, IP_RECVTTL, 1);
  set_option(all, IPPROTO_IP, IP_RECVTOS, 1);
  set_option(all6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  set_option(all6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  set_option(all6, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  set_option(all6, IPPROTO_IPV6, 11 /* IPV6_FLOWINFO */, 1);
  int from = bound(AF_INET, SOCK_DGRAM, 0), from6 = bound(AF_INET6, SOCK_DGRAM, 0);
  send_to(from, AF_INET, "127.0.0.1", own_address(all), "plain");
  set_option(from, IPPROTO_IP, IP_TTL, 7);
  set_option(from, IPPROTO_IP, IP_TOS, 0x28);
  send_to(from, AF_INET, "127.0.0.5", own_address(all), "marked");
  send_to(from6, AF_INET6, "::1", own_address(all6), "six");
  set_option(from6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
  set_option(from6, IPPROTO_IPV6, IPV6_TCLASS, 0x50);
  send_to(from6, AF_INET6, "::1", own_address(all6), "six more");
  struct seen before[4];
  /* A look at each by way of the offset. */
  for (int i = 0; i < 4; i += 2) {
    int fd = i == 0 ? all : all6;
    set_option(fd, SOL_SOCKET, SO_PEEK_OFF, 0);
    before[i] = take(fd, MSG_PEEK);
    before[i + 1] = take(fd, MSG_PEEK);
    set_option(fd, SOL_SOCKET, SO_PEEK_OFF, -1);
  }
  expect_eq(before[1].ttl, 7);
  expect_eq(before[1].to.s_addr, inet_addr("127.0.0.5"));
  expect_eq(before[3].hops, 9);

  int later = bound(AF_INET, SOCK_DGRAM, 0), stranger = bound(AF_INET, SOCK_DGRAM, 0), peer = bound(AF_INET, SOCK_DGRAM, 0);
  struct at at = own_address(later), peer_at = own_address(peer);
  must(sendto(stranger, "stranger", 8, 0, sa(&at), at.size));
  must(connect(later, sa(&peer_at), peer_at.size));
  must(sendto(peer, "peer", 4, 0, sa(&at), at.size));

  int deaf = bound(AF_INET, SOCK_DGRAM, 0);
  at = own_address(deaf);
  must(sendto(peer, "before", 6, 0, sa(&at), at.size));
  must(setsockopt(deaf, SOL_SOCKET, SO_ATTACH_FILTER, &drop_all, sizeof(drop_all)));
  set_option(deaf, SOL_SOCKET, 44 /* SO_LOCK_FILTER */, 1);
  must(sendto(peer, "dropped", 7, 0, sa(&at), at.size));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; i++) {
    struct seen now = take(i < 2 ? all : all6, 0);
    if (memcmp(&now, &before[i], sizeof(now)))
      die("%s: to %s, interface %d, ttl %d, tos %d, hops %d, class %d, flow %x", now.text, inet_ntoa(now.to),
          now.interface, now.ttl, now.tos, now.hops, now.class, now.flow);
  }
  struct at later_at = own_address(later);
  expect_read(later, "stranger");
  expect_read(later, "peer");
  must(sendto(stranger, "no more", 7, 0, sa(&later_at), later_at.size));
  expect_errno(recv(later, before, 1, MSG_DONTWAIT), EAGAIN);
  expect_read(deaf, "before");
  must(sendto(peer, "dropped", 7, 0, sa(&at), at.size));
  expect_errno(recv(deaf, before, 1, MSG_DONTWAIT), EAGAIN);
  expect_errno(setsockopt(deaf, SOL_SOCKET, SO_DETACH_FILTER, &drop, sizeof(int)), EPERM);
  pass();
}
