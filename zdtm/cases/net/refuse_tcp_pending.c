/* zdtm:
 * title: a connection that nobody has accepted yet, with data that its client has sent, is refused by name, and is accepted afterwards
 * refuse: with 7 bytes
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int l = move_fd(listening(AF_INET, 5), 77);
  int c = connected_to(AF_INET, own_address(l));
  write_text(c, "waiting");
  struct pollfd p = {l, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);

  test_daemon();
  test_waitsig();

  int fd = must(accept(l, NULL, NULL));
  expect_read(fd, "waiting");
  both_ways(c, fd);
  pass();
}
