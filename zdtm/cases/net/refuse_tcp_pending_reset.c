/* zdtm:
 * title: a connection that was reset before anybody has accepted it is refused by name, and is accepted afterwards
 * refuse: of which the kernel shows 1
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  struct linger reset = {1, 0};
  char byte;
  test_init(argc, argv);
  int l = listening(AF_INET, 5);
  int gone = connected_to(AF_INET, own_address(l)), there = connected_to(AF_INET, own_address(l));
  must(setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
  close(gone);

  test_daemon();
  test_waitsig();

  int fd = must(accept(l, NULL, NULL));
  expect_errno(recv(fd, &byte, 1, 0), ECONNRESET);
  both_ways(there, must(accept(l, NULL, NULL)));
  pass();
}
