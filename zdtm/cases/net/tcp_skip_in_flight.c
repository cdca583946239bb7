/* zdtm:
 * title: --skip-in-flight leaves out what can't be carried of a listener's queue, and nothing else
 * dump: --skip-in-flight
 * outside: the init of flavour ns is in the tree, and so is the client
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  int l = listening(AF_INET, 5);
  struct at to = own_address(l);
  if (must(fork()) == 0) {
    close(l);
    connected_to(AF_INET, to);
    for (;;) pause();
  }
  struct pollfd p = {l, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);
  test_init(argc, argv);
  int client = connected_to(AF_INET, to);

  test_daemon();
  test_waitsig();

  both_ways(client, must(accept(l, NULL, NULL)));
  must(fcntl(l, F_SETFL, O_NONBLOCK));
  expect_errno(accept(l, NULL, NULL), EAGAIN);
  pass();
}
