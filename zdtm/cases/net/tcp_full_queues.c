/* zdtm:
 * title: TCP connections whose queues are full to the brim, unsent data among it, with both ends in the tree and with one
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

/* Takes nothing for longer than the dump needs, then gives everything back. */
static void lazy(int fd) {
  sleep(3);
  char data[65536];
  for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;)
    for (ssize_t at = 0; at < n;) {
      ssize_t m = send(fd, data + at, n - at, MSG_NOSIGNAL);
      if (m <= 0) return;
      at += m;
    }
}

int main(int argc, char** argv) {
  int client, server;
  struct at to = outside(AF_INET, lazy);
  test_init(argc, argv);
  tcp_pair(AF_INET, &client, &server);
  int out = connected_to(AF_INET, to);
  size_t forth = fill_up(client, 1), back = fill_up(server, 2), outside_bytes = fill_up(out, 3);
  int unsent = 0;
  must(ioctl(client, SIOCOUTQNSD, &unsent));
  test_msg("%zu there, %zu back, %zu out, %d unsent", forth, back, outside_bytes, unsent);
  if (unsent == 0) skip("the kernel has sent everything");

  test_daemon();
  test_waitsig();

  expect_pattern(server, forth, 1);
  expect_pattern(client, back, 2);
  both_ways(client, server);
  must(shutdown(out, SHUT_WR));
  expect_pattern(out, outside_bytes, 3);
  expect_end(out);
  pass();
}
