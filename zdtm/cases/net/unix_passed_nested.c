/* zdtm:
 * title: a socketpair in flight in a socketpair, with data of its own and a descriptor in flight in it
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int outer[2], inner[2], got[kMaxPassed], deepest[kMaxPassed];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, outer));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
  int file = make_file("file", 100, 1);
  send_fds(inner[0], "file", &file, 1);
  send_fds(outer[0], "both ends", inner, 2);
  close(file);
  close(inner[0]);
  close(inner[1]);

  test_daemon();
  test_waitsig();

  expect_eq(receive_fds(outer[1], "both ends", got), 2);
  expect_eq(receive_fds(got[1], "file", deepest), 1);
  expect_file(deepest[0], 100, 1);
  write_text(got[0], "alive");
  expect_read(got[1], "alive");
  close(got[0]);
  char byte;
  expect_eq(read(got[1], &byte, 1), 0);
  pass();
}
