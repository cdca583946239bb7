/* zdtm:
 * title: O_NONBLOCK of one end of a pipe only, and shared by duplicates of that end
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2], q[2];
  char byte;
  test_init(argc, argv);
  must(pipe(p));
  must(pipe2(q, O_NONBLOCK | O_CLOEXEC));
  int copy = must(dup(p[0]));
  must(fcntl(p[0], F_SETFL, O_NONBLOCK));
  must(fcntl(q[0], F_SETFL, 0));

  test_daemon();
  test_waitsig();

  expect(fcntl(p[0], F_GETFL) & O_NONBLOCK);
  expect(fcntl(copy, F_GETFL) & O_NONBLOCK);
  expect(!(fcntl(p[1], F_GETFL) & O_NONBLOCK));
  expect(!(fcntl(q[0], F_GETFL) & O_NONBLOCK));
  expect(fcntl(q[1], F_GETFL) & O_NONBLOCK);
  expect_eq(fcntl(q[1], F_GETFD), FD_CLOEXEC);
  expect_errno(read(copy, &byte, 1), EAGAIN);
  pass();
}
