/* zdtm:
 * title: an urgent byte in a unix stream that nobody has read is refused by name, and lives on
 * refuse: urgent data of unix sockets
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  int s[2];
  char byte = 0;
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  write_text(s[0], "plain");
  if (send(s[0], "!", 1, MSG_OOB) != 1) skip("no urgent data in unix sockets here");

  test_daemon();
  test_waitsig();

  expect_eq(must(recv(s[1], &byte, 1, MSG_OOB)), 1);
  expect_eq(byte, '!');
  expect_read(s[1], "plain");
  pass();
}
