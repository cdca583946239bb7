/* zdtm:
 * title: a connection that nobody has accepted yet is refused by name, and is accepted afterwards
 * refuse: fd 77 (socket:
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int l = move_fd(listening(AF_INET, 5), 77);
  int c = connected_to(AF_INET, own_address(l));
  struct pollfd p = {l, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);

  test_daemon();
  test_waitsig();

  both_ways(c, must(accept(l, NULL, NULL)));
  pass();
}
