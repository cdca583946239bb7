/* zdtm:
 * title: UDP, raw and ICMP sockets that are connected to port 0: they hear and reach their peer alone
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static struct at at(int family, const char* ip, int port) {
  struct at a = loopback_at(family, port);
  inet_pton(family, ip, family == AF_INET ? (void*)&((struct sockaddr_in*)&a.address)->sin_addr
                                          : (void*)&((struct sockaddr_in6*)&a.address)->sin6_addr);
  return a;
}

static int connected_port_zero(int family, int type, int protocol, const char* ip) {
  struct at to = at(family, ip, 0);
  int fd = must(socket(family, type, protocol));
  must(connect(fd, sa(&to), to.size));
  return fd;
}

static int bound_at(const char* ip, int type, int protocol) {
  struct at a = at(AF_INET, ip, 0);
  int fd = must(socket(AF_INET, type, protocol));
  must(bind(fd, sa(&a), a.size));
  return fd;
}

static void allow_ping(void) {
  int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
  if (fd < 0 || write(fd, "0 0", 3) != 3) test_msg("no ICMP sockets for us: %s", strerror(errno));
  close(fd);
}

/* The MTU of the way to a peer is known to connected sockets only. */
static int has_peer(int fd, int family) {
  int mtu = 0;
  socklen_t size = sizeof(mtu);
  return getsockopt(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, family == AF_INET6 ? IPV6_MTU : IP_MTU, &mtu, &size) == 0;
}

int main(int argc, char** argv) {
  char packet[200];
  test_init(argc, argv);
  allow_ping();
  int udp = bound_at("127.0.0.1", SOCK_DGRAM, 0);
  struct at peer = at(AF_INET, "127.0.0.2", 0);
  must(connect(udp, sa(&peer), peer.size));
  int udp6 = connected_port_zero(AF_INET6, SOCK_DGRAM, 0, "::1");
  int raw = connected_port_zero(AF_INET, SOCK_RAW, 200, "127.0.0.3"), raw6 = connected_port_zero(AF_INET6, SOCK_RAW, 200, "::1");
  int ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  if (ping >= 0) must(connect(ping, sa(&peer), peer.size));
  expect(has_peer(udp, AF_INET) && has_peer(udp6, AF_INET6) && has_peer(raw, AF_INET) && has_peer(raw6, AF_INET6));

  test_daemon();
  test_waitsig();

  struct at a = own_address(udp);
  int friend = bound_at("127.0.0.2", SOCK_DGRAM, 0), stranger = bound_at("127.0.0.1", SOCK_DGRAM, 0);
  must(sendto(stranger, "no", 2, 0, sa(&a), a.size));
  must(sendto(friend, "yes", 3, 0, sa(&a), a.size));
  expect_read(udp, "yes");
  expect(has_peer(udp, AF_INET) && has_peer(udp6, AF_INET6) && has_peer(raw, AF_INET) && has_peer(raw6, AF_INET6));
  int listener = bound_at("127.0.0.3", SOCK_RAW, 200);
  must(send(raw, "to three", 8, 0));
  expect_eq(must(recv(listener, packet, sizeof(packet), MSG_DONTWAIT)), 28);
  must(send(raw6, "to me", 5, 0));
  expect_eq(must(recv(raw6, packet, sizeof(packet), MSG_DONTWAIT)), 5);
  if (ping >= 0) {
    const unsigned char request[8] = {8};
    expect(has_peer(ping, AF_INET));
    must(send(ping, request, sizeof(request), 0));
    expect_eq(must(recv(ping, packet, sizeof(packet), 0)), 8);
  }
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  must(connect(udp, &none, sizeof(none)));
  must(sendto(stranger, "again", 5, 0, sa(&a), a.size));
  expect_read(udp, "again");
  pass();
}
