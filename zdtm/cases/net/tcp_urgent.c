/* zdtm:
 * title: urgent bytes of TCP connections: not yet read, read, in line, at each place of what was received; no SIGURG comes twice
 * network: own
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>

#include "inet.h"

static const struct {
  const char *before, *behind;
  int read, in_line, family;
} kKinds[] = {
    {"", "", 0, 0, AF_INET},       {"plain", "", 0, 0, AF_INET}, {"plain", "more", 0, 0, AF_INET6}, {"", "more", 0, 0, AF_INET},
    {"plain", "more", 1, 0, AF_INET}, {"", "more", 1, 0, AF_INET6}, {"plain", "", 0, 1, AF_INET},   {"plain", "more", 0, 1, AF_INET},
    {"", "more", 0, 1, AF_INET},
};
enum { kPairs = sizeof(kKinds) / sizeof(kKinds[0]) };

static volatile int signals;
static void count(int number) { signals += number == SIGURG; }

static int at_mark(int fd) {
  int mark = -1;
  must(ioctl(fd, SIOCATMARK, &mark));
  return mark;
}

/* As much as there is, up to the mark. */
static void expect_stretch(int fd, const char* text) {
  char got[64] = {0};
  if (*text) expect_eq(must(recv(fd, got, sizeof(got), MSG_DONTWAIT)), (int)strlen(text));
  if (strcmp(got, text)) die("'%s' instead of '%s'", got, text);
}

static void set_up(int n, int* client, int* server) {
  tcp_pair(kKinds[n].family, client, server);
  must(fcntl(*server, F_SETOWN, getpid()));
  set_option(*server, SOL_SOCKET, SO_OOBINLINE, kKinds[n].in_line);
  if (*kKinds[n].before) write_text(*client, kKinds[n].before);
  const int before = signals;
  must(send(*client, "!", 1, MSG_OOB));
  expect_eq(poll(&(struct pollfd){*server, POLLPRI, 0}, 1, 5000), 1);
  while (signals == before) usleep(1000);
  if (*kKinds[n].behind) write_text(*client, kKinds[n].behind);
  char byte = 0;
  if (kKinds[n].read) expect(recv(*server, &byte, 1, MSG_OOB) == 1 && byte == '!');
  usleep(20000);
}

static void check(int n, int client, int server) {
  char byte = 0, all[16];
  if (kKinds[n].in_line) {
    expect_stretch(server, kKinds[n].before);
    expect_eq(at_mark(server), 1);
    sprintf(all, "!%s", kKinds[n].behind);
    expect_stretch(server, all);
  } else {
    expect_eq(recv(server, &byte, 1, MSG_OOB | MSG_DONTWAIT), kKinds[n].read ? -1 : 1);
    if (!kKinds[n].read) expect_eq(byte, '!');
    expect_stretch(server, kKinds[n].before);
    expect_eq(at_mark(server), 1);
    expect_stretch(server, kKinds[n].behind);
  }
  both_ways(client, server);
  /* Another one. */
  const int before = signals;
  must(send(client, "?", 1, MSG_OOB));
  expect_eq(poll(&(struct pollfd){server, POLLPRI, 0}, 1, 5000), 1);
  while (signals == before) usleep(1000);
}

int main(int argc, char** argv) {
  int client[kPairs], server[kPairs];
  test_init(argc, argv);
  signal(SIGURG, count);
  for (int n = 0; n < kPairs; ++n) set_up(n, &client[n], &server[n]);
  signals = 0;

  test_daemon();
  test_waitsig();

  expect_eq(signals, 0);
  for (int n = 0; n < kPairs; ++n) check(n, client[n], server[n]);
  pass();
}
