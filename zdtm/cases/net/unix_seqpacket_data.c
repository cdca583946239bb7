/* zdtm:
 * title: seqpacket socketpair: messages of several lengths in flight keep their borders, also the empty one
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  static char large[30000], got[40000];
  int s[2];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s));
  write_text(s[0], "one");
  must(send(s[0], "", 0, 0));
  write_text(s[0], "three");
  fill_pattern(large, sizeof(large), 1);
  must(send(s[0], large, sizeof(large), 0));
  write_text(s[1], "the other way");

  test_daemon();
  test_waitsig();

  expect_message(s[0], "the other way");
  write_text(s[0], "five");
  expect_message(s[1], "one");
  expect_eq(recv(s[1], got, sizeof(got), 0), 0);
  expect_eq(recv(s[1], got, 2, 0), 2); /* the rest of a message read in part is lost */
  expect_eq(recv(s[1], got, sizeof(got), 0), sizeof(large));
  expect(!check_pattern(got, sizeof(large), 1));
  expect_message(s[1], "five");
  expect_errno(recv(s[1], got, 1, 0), EAGAIN);
  expect_eq(socket_option(s[0], SO_TYPE), SOCK_SEQPACKET);
  pass();
}
