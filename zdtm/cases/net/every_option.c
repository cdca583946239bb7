/* zdtm:
 * title: every answer of getsockopt, of all levels and names, for sockets of all kinds; as made and with whatever can be set
 * network: own
 * timeout: 180
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "inet.h"

enum { kNames = 140, kMost = 400, kBytes = 64, kSockets = 100 };

/* IP, SOL_SOCKET, TCP, UDP, IPv6, ICMPv6, UDP-Lite, raw, packet, netlink, MPTCP: others have no options on these sockets. */
static const int kLevels[] = {0, 1, 6, 17, 41, 58, 136, 255, 263, 270, 284};

/* What need not be the same, or is no plain question. */
static const struct {
  int level, name;
  const char* why;
  const char* kind; /* of these sockets only */
} kLeftOut[] = {
    {IPPROTO_IP, IP_MTU, "of the route, while the kernel remembers one", NULL},
    {IPPROTO_IPV6, IPV6_MTU, "the same", NULL},
    {IPPROTO_IPV6, IPV6_PATHMTU, "the same", NULL},
    {IPPROTO_IP, IP_MULTICAST_TTL, "of a stream nobody can set it: accepted ones have that of packets", "tcp"},
    {IPPROTO_IP, IP_PKTOPTIONS, "has the former in it", "tcp"},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "as IP_MULTICAST_TTL", "tcp6"},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, "as IP_MULTICAST_TTL", "tcp6"},
    {IPPROTO_IPV6, IPV6_2292PKTOPTIONS, "has the former in it", "tcp6"},
    {IPPROTO_IPV6, IPV6_V6ONLY, "bind(2) to an address turns it on, and only bind(2) gives a port", "6 client"},
    {IPPROTO_IPV6, IPV6_V6ONLY, "the same", "6 connected"},
    {SOL_SOCKET, 4, "SO_ERROR takes the error", NULL},
    {SOL_SOCKET, 17, "SO_PEERCRED has cases of its own", NULL},
    {SOL_SOCKET, 26, "SO_GET_FILTER has cases of its own", NULL},
    {SOL_SOCKET, 49, "SO_INCOMING_CPU: where the last packet came in", NULL},
    {SOL_SOCKET, 55, "SO_MEMINFO: what the kernel has allocated", NULL},
    {SOL_SOCKET, 56, "SO_INCOMING_NAPI_ID", NULL},
    {SOL_SOCKET, 57, "SO_COOKIE: a number that the kernel gives each socket", NULL},
    {SOL_SOCKET, 71, "SO_NETNS_COOKIE: the same of a network namespace", NULL},
    {SOL_SOCKET, 77, "SO_PEERPIDFD makes a descriptor", NULL},
    {IPPROTO_TCP, TCP_INFO, "counters and times of the connection", NULL},
    {IPPROTO_TCP, 24, "TCP_TIMESTAMP goes on", NULL},
    {IPPROTO_TCP, 26, "TCP_CC_INFO", NULL},
    {IPPROTO_TCP, 35, "TCP_ZEROCOPY_RECEIVE takes data", NULL},
    {284, 1, "MPTCP_INFO", NULL},
    {284, 2, "MPTCP_TCPINFO", NULL},
    {284, 4, "MPTCP_FULL_INFO", NULL},
    {SOL_PACKET, 6, "PACKET_STATISTICS starts anew", NULL},
    {SOL_PACKET, 21, "PACKET_ROLLOVER_STATS", NULL},
};

/* What must not be set here: it makes something else of the socket, or of what comes in. */
static const struct {
  int level, name;
} kNotSet[] = {{SOL_SOCKET, 26},    {SOL_SOCKET, 27},   {SOL_SOCKET, 25},        {SOL_SOCKET, 44},       {SOL_SOCKET, 50},
               {IPPROTO_TCP, 19},   {IPPROTO_TCP, 31},  {IPPROTO_IPV6, 1},       {SOL_PACKET, 10},       {SOL_PACKET, 18},
               {IPPROTO_UDP, 1},    {SOL_SOCKET, 5},    {IPPROTO_TCP, TCP_CORK}, {IPPROTO_TCP, TCP_MAXSEG}};

struct answer {
  short level, name, size;
  unsigned char data[kBytes];
};
struct socket {
  char what[32];
  int fd, count;
  struct answer answers[kMost];
};

static struct socket sockets[kSockets];
static int count;

static int left_out(const struct socket* s, int level, int name) {
  for (size_t i = 0; i < sizeof(kLeftOut) / sizeof(*kLeftOut); ++i)
    if (kLeftOut[i].level == level && kLeftOut[i].name == name && (!kLeftOut[i].kind || strstr(s->what, kLeftOut[i].kind)))
      return 1;
  return 0;
}

static int not_set(const struct socket* s, int level, int name) {
  for (size_t i = 0; i < sizeof(kNotSet) / sizeof(*kNotSet); ++i)
    if (kNotSet[i].level == level && kNotSet[i].name == name) return 1;
  return left_out(s, level, name);
}

static int ask(int fd, int level, int name, struct answer* a) {
  socklen_t size = kBytes;
  memset(a, 0, sizeof(*a));
  a->level = level, a->name = name;
  if (getsockopt(fd, level, name, a->data, &size)) return 0;
  a->size = size;
  return 1;
}

static void ask_all(struct socket* s) {
  struct answer a;
  for (size_t l = 0; l < sizeof(kLevels) / sizeof(*kLevels); ++l) {
    for (int level = kLevels[l], name = 0; name < kNames; ++name)
      if (!left_out(s, level, name) && ask(s->fd, level, name, &a)) {
        expect(s->count < kMost);
        s->answers[s->count++] = a;
      }
  }
}

/* Gives every option of a number another value than it has, if there is one that it takes. */
static void change_all(struct socket* s) {
  int changed = 0;
  ask_all(s);
  for (int i = 0; i < s->count; ++i) {
    struct answer *was = &s->answers[i], now;
    int old;
    if (was->size != sizeof(int) || not_set(s, was->level, was->name)) continue;
    memcpy(&old, was->data, sizeof(old));
    int tried[] = {old + 1, old - 1, 1, 2, 0, old * 2, old / 2, 100000};
    for (size_t k = 0; k < sizeof(tried) / sizeof(*tried); ++k) {
      setsockopt(s->fd, was->level, was->name, &tried[k], sizeof(int));
      if (!ask(s->fd, was->level, was->name, &now) || memcmp(now.data, was->data, sizeof(int)) == 0) continue;
      ++changed;
      break;
    }
  }
  test_msg("%s: %d options, %d changed", s->what, s->count, changed);
  s->count = 0;
}

static void add(int fd, const char* what) {
  expect(count < kSockets);
  if (fd < 0) {
    test_msg("no %s: %s", what, strerror(errno));
    return;
  }
  struct socket* s = &sockets[count++];
  s->fd = fd;
  snprintf(s->what, sizeof(s->what), "%s", what);
}

static void add_tcp(int family) {
  const char* six = family == AF_INET6 ? "6" : "4";
  char what[32];
  int server = listening(family, 7);
  int client = connected_to(family, own_address(server));
  int accepted = must(accept(server, NULL, NULL));
  snprintf(what, sizeof(what), "tcp%s listening", six), add(server, what);
  snprintf(what, sizeof(what), "tcp%s client", six), add(client, what);
  snprintf(what, sizeof(what), "tcp%s accepted", six), add(accepted, what);
  snprintf(what, sizeof(what), "tcp%s new", six), add(socket(family, SOCK_STREAM, 0), what);
  snprintf(what, sizeof(what), "tcp%s bound", six), add(bound(family, SOCK_STREAM, 0), what);
}

static void add_udp(int family) {
  const char* six = family == AF_INET6 ? "6" : "4";
  char what[32];
  int to = bound(family, SOCK_DGRAM, 0), from = socket(family, SOCK_DGRAM, 0);
  struct at at = own_address(to);
  must(connect(from, sa(&at), at.size));
  snprintf(what, sizeof(what), "udp%s bound", six), add(to, what);
  snprintf(what, sizeof(what), "udp%s connected", six), add(from, what);
  snprintf(what, sizeof(what), "udp%s new", six), add(socket(family, SOCK_DGRAM, 0), what);
  snprintf(what, sizeof(what), "udplite%s", six), add(socket(family, SOCK_DGRAM, IPPROTO_UDPLITE), what);
  snprintf(what, sizeof(what), "ping%s", six);
  add(socket(family, SOCK_DGRAM, family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), what);
  snprintf(what, sizeof(what), "raw%s", six), add(socket(family, SOCK_RAW, 253), what);
  snprintf(what, sizeof(what), "raw%s icmp", six);
  add(socket(family, SOCK_RAW, family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), what);
  snprintf(what, sizeof(what), "mptcp%s new", six), add(socket(family, SOCK_STREAM, 262), what);
  int server = socket(family, SOCK_STREAM, 262);
  if (server < 0) return;
  at = loopback_at(family, 0);
  must(bind(server, sa(&at), at.size));
  must(listen(server, 3));
  snprintf(what, sizeof(what), "mptcp%s listening", six), add(server, what);
}

static void add_unix(int type, const char* name) {
  char what[32];
  int pair[2];
  must(socketpair(AF_UNIX, type, 0, pair));
  snprintf(what, sizeof(what), "unix %s", name), add(pair[0], what), add(pair[1], what);
  snprintf(what, sizeof(what), "unix %s new", name), add(socket(AF_UNIX, type, 0), what);
}

static void add_others(void) {
  add_unix(SOCK_STREAM, "stream");
  add_unix(SOCK_DGRAM, "dgram");
  add_unix(SOCK_SEQPACKET, "seqpacket");
  int server = must(socket(AF_UNIX, SOCK_STREAM, 0));
  sa_family_t family = AF_UNIX;
  must(bind(server, (void*)&family, sizeof(family)));
  must(listen(server, 3));
  add(server, "unix listening");
  add(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "netlink route");
  add(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT), "netlink uevent");
  add(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC), "netlink generic");
  add(socket(AF_PACKET, SOCK_RAW, 0), "packet raw");
  add(socket(AF_PACKET, SOCK_DGRAM, 0), "packet dgram");
}

/* Who may make ICMP sockets; not everybody may say so. */
static void allow_ping(void) {
  int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
  if (fd < 0 || write(fd, "0 0", 3) != 3) test_msg("no ICMP sockets for us: %s", strerror(errno));
  close(fd);
}

/* As in a network: on loopback the size of segments depends on the window. */
static void make_packets_small(void) {
  struct ifreq lo = {.ifr_name = "lo", .ifr_mtu = 1500};
  int sock = must(socket(AF_INET, SOCK_DGRAM, 0));
  must(ioctl(sock, SIOCSIFMTU, &lo));
  close(sock);
}

static void add_some(void) {
  add_tcp(AF_INET);
  add_tcp(AF_INET6);
  add_udp(AF_INET);
  add_udp(AF_INET6);
  add_others();
}

/* How many answers differ; all are in the log. */
static int compare(struct socket* s) {
  static struct socket now;
  int differ = 0, j = 0;
  now = (struct socket){.fd = s->fd};
  strcpy(now.what, s->what);
  ask_all(&now);
  for (int i = 0; i < s->count; ++i) {
    struct answer *a = &s->answers[i], *b = NULL;
    while (j < now.count && (now.answers[j].level < a->level ||
                             (now.answers[j].level == a->level && now.answers[j].name < a->name)))
      ++j;
    if (j < now.count && now.answers[j].level == a->level && now.answers[j].name == a->name) b = &now.answers[j];
    if (b && memcmp(a, b, sizeof(*a)) == 0) continue;
    ++differ;
    int was = 0, is = 0;
    memcpy(&was, a->data, sizeof(int));
    if (b) memcpy(&is, b->data, sizeof(int));
    test_msg("%s (fd %d): level %d option %d was %d (%d bytes), is %d (%d bytes)", s->what, s->fd, a->level, a->name,
             was, a->size, is, b ? b->size : -1);
  }
  for (int i = 0; i < now.count; ++i) {
    for (j = 0; j < s->count; ++j)
      if (s->answers[j].level == now.answers[i].level && s->answers[j].name == now.answers[i].name) break;
    if (j < s->count) continue;
    ++differ;
    test_msg("%s (fd %d): level %d option %d had no answer", s->what, s->fd, now.answers[i].level, now.answers[i].name);
  }
  return differ;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  allow_ping();
  make_packets_small();
  add_some();
  int plain = count, differ = 0;
  add_some();
  for (int i = plain; i < count; ++i) change_all(&sockets[i]);
  for (int i = 0; i < count; ++i) ask_all(&sockets[i]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < count; ++i) differ += compare(&sockets[i]);
  if (differ) die("%d answers differ, see above", differ);
  pass();
}
