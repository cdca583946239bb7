/* zdtm:
 * title: a stream and a datagram socket that are full stay full, and all of it comes out
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  static const int kType[2] = {SOCK_STREAM, SOCK_DGRAM};
  int s[2][2];
  uint32_t sent[2] = {0, 0}, got;
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) {
    must(socketpair(AF_UNIX, kType[i] | SOCK_NONBLOCK, 0, s[i]));
    while (send(s[i][0], &sent[i], sizeof(sent[i]), 0) == sizeof(sent[i])) sent[i]++;
    expect_eq(errno, EAGAIN);
    expect(sent[i] > 5);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect_errno(send(s[i][0], &got, sizeof(got), 0), EAGAIN);
    for (uint32_t j = 0; j < sent[i]; j++) {
      expect_eq(recv(s[i][1], &got, sizeof(got), 0), sizeof(got));
      expect_eq(got, j);
    }
    expect_errno(recv(s[i][1], &got, sizeof(got), 0), EAGAIN);
    must(send(s[i][0], &got, sizeof(got), 0));
  }
  pass();
}
