/* zdtm:
 * title: sockets whose peer is closed: the data it sent is still there, then the end or ECONNRESET
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int stream[2], packet[2], datagram[2];
  char byte;
  test_init(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packet));
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram));
  write_text(stream[0], "will");
  write_text(packet[0], "testament");
  write_text(datagram[0], "letter");
  close(stream[0]);
  close(packet[0]);
  close(datagram[0]);

  test_daemon();
  test_waitsig();

  expect_read(stream[1], "will");
  expect_eq(read(stream[1], &byte, 1), 0);
  expect_errno(write(stream[1], "x", 1), EPIPE);
  expect_message(packet[1], "testament");
  expect_eq(read(packet[1], &byte, 1), 0);
  expect_message(datagram[1], "letter");
  expect_errno(send(datagram[1], "x", 1, 0), ECONNREFUSED);
  pass();
}
