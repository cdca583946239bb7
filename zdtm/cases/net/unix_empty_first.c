/* zdtm:
 * title: empty packets at the head and at the tail of datagram and seqpacket queues, and before the end of one
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  static const int kType[3] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_SEQPACKET};
  char got[16];
  int s[3][2];
  test_init(argc, argv);
  for (int i = 0; i < 3; i++) {
    must(socketpair(AF_UNIX, kType[i] | SOCK_NONBLOCK, 0, s[i]));
    must(send(s[i][0], "", 0, 0));
    write_text(s[i][0], "middle");
    must(send(s[i][0], "", 0, 0));
  }
  write_text(s[2][0], "last");
  must(shutdown(s[2][0], SHUT_WR));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 3; i++) {
    expect_eq(recv(s[i][1], got, sizeof(got), 0), 0);
    expect_message(s[i][1], "middle");
    expect_eq(recv(s[i][1], got, sizeof(got), 0), 0);
    if (i < 2) expect_errno(recv(s[i][1], got, sizeof(got), 0), EAGAIN);
  }
  expect_message(s[2][1], "last");
  expect_eq(recv(s[2][1], got, sizeof(got), 0), 0);
  pass();
}
