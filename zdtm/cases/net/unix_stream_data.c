/* zdtm:
 * title: stream socketpair: data in flight in both directions, partly read, order kept
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  static char bulk[100000], got[100000];
  int s[2], big[2];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, big));
  write_text(s[0], "read already, ");
  write_text(s[0], "left to right");
  write_text(s[1], "right to left");
  expect_read(s[1], "read already, ");
  fill_pattern(bulk, sizeof(bulk), 1);
  for (size_t at = 0; at < sizeof(bulk); at += 10000) expect_eq(write(big[1], bulk + at, 10000), 10000);

  test_daemon();
  test_waitsig();

  expect_read(s[0], "right to left");
  write_text(s[0], ", and more");
  expect_read(s[1], "left to right, and more");
  expect_eq(recv(big[0], got, sizeof(got), MSG_WAITALL), sizeof(got));
  expect(!check_pattern(got, sizeof(got), 1));
  expect_errno(recv(big[0], got, 1, MSG_DONTWAIT), EAGAIN);
  expect_errno(recv(big[1], got, 1, MSG_DONTWAIT), EAGAIN);
  pass();
}
