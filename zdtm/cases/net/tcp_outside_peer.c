/* zdtm:
 * title: a TCP connection to a process outside the tree, which goes on sending while we are away
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

/* Echoes, and never stops; an error or a reset ends it, which the case sees. */
static void echo(int fd) {
  char data[4096];
  ssize_t n;
  while ((n = read(fd, data, sizeof(data))) > 0)
    for (ssize_t at = 0; at < n;) {
      ssize_t m = send(fd, data + at, n - at, MSG_NOSIGNAL);
      if (m <= 0) return;
      at += m;
    }
}

/* A byte now and then, so that some come while nobody is there. */
static void tick(int fd) {
  for (unsigned i = 0;; i++) {
    unsigned char byte = i;
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) return;
    usleep(2000);
  }
}

int main(int argc, char** argv) {
  struct at echo_at = outside(AF_INET, echo), echo6_at = outside(AF_INET6, echo), tick_at = outside(AF_INET, tick);
  test_init(argc, argv);
  int e = connected_to(AF_INET, echo_at), e6 = connected_to(AF_INET6, echo6_at), t = connected_to(AF_INET, tick_at);
  send_pattern(e, 50000, 1);
  send_pattern(e6, 50000, 2);
  unsigned char expected = 0, byte;
  for (; expected < 10; expected++) {
    expect_eq(must(read(t, &byte, 1)), 1);
    expect_eq(byte, expected);
  }

  test_daemon();
  test_waitsig();

  expect_pattern(e, 50000, 1);
  expect_pattern(e6, 50000, 2);
  send_pattern(e, 100000, 3);
  expect_pattern(e, 100000, 3);
  for (int i = 0; i < 300; i++, expected++) {
    expect_eq(must(read(t, &byte, 1)), 1);
    expect_eq(byte, expected);
  }
  must(shutdown(e, SHUT_WR));
  expect_end(e);
  pass();
}
