/* zdtm:
 * title: socketpairs shut down for reading, writing or both on one side, some with data still to read
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int rd[2], wr[2], both[2], packet[2];
  char byte;
  test_init(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, rd));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, wr));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packet));
  write_text(wr[0], "last words");
  write_text(wr[1], "answer");
  write_text(packet[0], "last packet");
  must(shutdown(rd[0], SHUT_RD));
  must(shutdown(wr[0], SHUT_WR));
  must(shutdown(both[0], SHUT_RDWR));
  must(shutdown(packet[0], SHUT_WR));

  test_daemon();
  test_waitsig();

  expect_eq(recv(rd[0], &byte, 1, MSG_DONTWAIT), 0);
  expect_errno(write(rd[1], "x", 1), EPIPE);
  write_text(rd[0], "still open");
  expect_read(rd[1], "still open");
  expect_read(wr[1], "last words");
  expect_eq(read(wr[1], &byte, 1), 0);
  expect_errno(write(wr[0], "x", 1), EPIPE);
  expect_read(wr[0], "answer");
  write_text(wr[1], "more");
  expect_read(wr[0], "more");
  expect_errno(write(both[0], "x", 1), EPIPE);
  expect_errno(write(both[1], "x", 1), EPIPE);
  expect_eq(read(both[1], &byte, 1), 0);
  expect_message(packet[1], "last packet");
  expect_eq(read(packet[1], &byte, 1), 0);
  pass();
}
