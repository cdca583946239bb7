/* zdtm:
 * title: a connection of a client outside of the tree that nobody has accepted yet is refused by name, and is accepted afterwards
 * refuse: which is not in the tree
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
    int c = connected_to(AF_INET, to);
    expect_read(c, "there");
    write_text(c, "and back");
    for (;;) pause();
  }
  test_init(argc, argv);
  struct pollfd p = {l, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);

  test_daemon();
  test_waitsig();

  int fd = must(accept(l, NULL, NULL));
  write_text(fd, "there");
  expect_read(fd, "and back");
  pass();
}
