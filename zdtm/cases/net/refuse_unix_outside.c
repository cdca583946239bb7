/* zdtm:
 * title: a connection to a process outside the tree is refused, with the name of that process
 * refuse: its peer is held by pid
 * network: own
 * outside: the peer would be in the tree
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  int s[2];
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  if (must(fork()) == 0) {
    char byte;
    close(s[0]);
    while (read(s[1], &byte, 1) == 1) must(write(s[1], &byte, 1));
    _exit(0);
  }
  close(s[1]);
  test_init(argc, argv);

  test_daemon();
  test_waitsig();

  write_text(s[0], "x");
  expect_read(s[0], "x");
  pass();
}
