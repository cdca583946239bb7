/* zdtm:
 * title: socket options that are no int: pacing rate, transmit times, sticky extension headers of IPv6; the CPU of a listener; locked filters
 * network: own
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/ip6.h>
#include <sys/un.h>
#include <time.h>

#include "inet.h"

enum { kMost = 1024, kAnswers = 40 };

#ifndef SO_TXTIME
#define SO_TXTIME 61
#endif

struct answer {
  const char* what;
  int fd, level, name;
  socklen_t size;
  unsigned char value[kMost];
};

static struct answer answers[kAnswers];
static int count;

static int ask(struct answer* a) {
  a->size = sizeof(a->value);
  memset(a->value, 0, sizeof(a->value));
  return getsockopt(a->fd, a->level, a->name, a->value, &a->size);
}

/* Sets an option, which must show, and keeps what it shows then. */
static void set(const char* what, int fd, int level, int name, const void* value, socklen_t size) {
  struct answer before = {.what = what, .fd = fd, .level = level, .name = name}, *a = &answers[count++];
  expect(count <= kAnswers);
  *a = before;
  ask(&before);
  if (setsockopt(fd, level, name, value, size)) die("%s: %s", what, strerror(errno));
  must(ask(a));
  if (a->size == before.size && memcmp(a->value, before.value, a->size) == 0) die("%s shows no change", what);
}

/* A filter that lets all pass and can't be taken off again. */
static void lock_filter(int fd) {
  struct sock_filter pass_all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
  struct sock_fprog program = {1, &pass_all};
  must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
  set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
}

static void expect_locked_filter(int fd) {
  socklen_t size = 0;
  must(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &size));
  expect_eq(size, 1);
  expect_errno(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &size, sizeof(size)), EPERM);
}

/* An options header of IPv6 of `units` times 8 bytes, all of it padding. */
static const void* padding(int units) {
  static unsigned char header[kMost];
  memset(header, 0, sizeof(header));
  header[1] = units - 1;
  for (int at = 2, left = units * 8 - 2; left > 0;) {
    int chunk = left > 200 ? 200 : left;
    if (chunk == 1) break; /* Pad1 is a zero */
    header[at] = 1;        /* PadN */
    header[at + 1] = chunk - 2;
    at += chunk, left -= chunk;
  }
  return header;
}

static void set_sticky(const char* what, int fd) {
  struct {
    struct ip6_rthdr head;
    uint8_t first, flags;
    uint16_t tag;
    struct in6_addr segment;
  } route = {{0, 2, 4 /* segments */, 0}, 0, 0, 7, IN6ADDR_LOOPBACK_INIT};
  test_msg("%s", what);
  set("IPV6_HOPOPTS", fd, IPPROTO_IPV6, IPV6_HOPOPTS, padding(1), 8);
  set("IPV6_RTHDRDSTOPTS", fd, IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, padding(2), 16);
  set("IPV6_RTHDR", fd, IPPROTO_IPV6, IPV6_RTHDR, &route, sizeof(route));
  set("IPV6_DSTOPTS", fd, IPPROTO_IPV6, IPV6_DSTOPTS, padding(60), 480);
}

int main(int argc, char** argv) {
  unsigned long slow = 123456, fast = 5000000000;
  struct sock_txtime monotonic = {CLOCK_MONOTONIC, SOF_TXTIME_REPORT_ERRORS},
                     tai = {CLOCK_TAI, SOF_TXTIME_DEADLINE_MODE | SOF_TXTIME_REPORT_ERRORS};
  int pair[2], client, server, cpu = 1;
  test_init(argc, argv);
  int l = listening(AF_INET, 3);
  tcp_pair(AF_INET, &client, &server);
  int udp = bound(AF_INET, SOCK_DGRAM, 0), udp6 = must(socket(AF_INET6, SOCK_DGRAM, 0)), tcp6 = must(socket(AF_INET6, SOCK_STREAM, 0));
  int raw6 = must(socket(AF_INET6, SOCK_RAW, 253)), packet = must(socket(AF_PACKET, SOCK_RAW, 0));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  set("rate of a listener", l, SOL_SOCKET, SO_MAX_PACING_RATE, &slow, sizeof(slow));
  set("CPU of a listener", l, SOL_SOCKET, SO_INCOMING_CPU, &cpu, sizeof(cpu));
  set("rate of a connection", client, SOL_SOCKET, SO_MAX_PACING_RATE, &slow, sizeof(slow));
  set("times of UDP", udp, SOL_SOCKET, SO_TXTIME, &monotonic, sizeof(monotonic));
  set("rate of UDP", udp, SOL_SOCKET, SO_MAX_PACING_RATE, &fast, sizeof(fast));
  set("times of a packet socket", packet, SOL_SOCKET, SO_TXTIME, &tai, sizeof(tai));
  set("rate of a unix socket", pair[0], SOL_SOCKET, SO_MAX_PACING_RATE, &fast, sizeof(fast));
  lock_filter(l);
  lock_filter(client);
  lock_filter(udp);
  lock_filter(packet);
  set_sticky("UDP", udp6);
  set_sticky("TCP", tcp6);
  set_sticky("raw", raw6);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < count; i++) {
    struct answer now = answers[i];
    must(ask(&now));
    if (now.size == answers[i].size && memcmp(now.value, answers[i].value, now.size) == 0) continue;
    die("%s (fd %d) is %u bytes, %02x%02x%02x%02x; it was %u bytes, %02x%02x%02x%02x", now.what, now.fd, now.size,
        now.value[0], now.value[1], now.value[2], now.value[3], answers[i].size, answers[i].value[0],
        answers[i].value[1], answers[i].value[2], answers[i].value[3]);
  }
  expect_locked_filter(l);
  expect_locked_filter(client);
  expect_locked_filter(udp);
  expect_locked_filter(packet);
  both_ways(client, server);
  unsigned long other = 0;
  socklen_t size = sizeof(other);
  must(getsockopt(pair[1], SOL_SOCKET, SO_MAX_PACING_RATE, &other, &size));
  expect(other == ~0ul);
  pass();
}
