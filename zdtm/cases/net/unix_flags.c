/* zdtm:
 * title: non-blocking and close-on-exec socketpairs, one end each; a duplicate shares its end
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int s[2], t[2];
  char byte;
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
  must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, t));
  must(fcntl(s[0], F_SETFL, O_NONBLOCK));
  must(fcntl(s[1], F_SETFD, 0));
  must(fcntl(t[1], F_SETFL, 0));
  int copy = must(dup(s[0]));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(s[0], F_GETFD), FD_CLOEXEC);
  expect_eq(fcntl(s[1], F_GETFD), 0);
  expect_eq(fcntl(copy, F_GETFD), 0);
  expect(fcntl(copy, F_GETFL) & O_NONBLOCK);
  expect(!(fcntl(s[1], F_GETFL) & O_NONBLOCK));
  expect(fcntl(t[0], F_GETFL) & O_NONBLOCK);
  expect(!(fcntl(t[1], F_GETFL) & O_NONBLOCK));
  expect(same_description(getpid(), s[0], getpid(), copy));
  expect_errno(read(copy, &byte, 1), EAGAIN);
  pass();
}
