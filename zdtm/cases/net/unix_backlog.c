/* zdtm:
 * title: a listener lets as many clients wait as before, also where more wait than a new backlog allows
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

static int waiting(const char* name, int most) {
  int count = 0;
  while (count < most) {
    int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (unix_connect(fd, name)) {
      expect_eq(errno, EAGAIN);
      break;
    }
    count++;
  }
  return count;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int small = unix_listening(SOCK_STREAM, "small", 2), lowered = unix_listening(SOCK_STREAM, "lowered", 10);
  int clients[5];
  for (int i = 0; i < 5; i++) clients[i] = unix_connected(SOCK_STREAM, "lowered");
  must(listen(lowered, 1));

  test_daemon();
  test_waitsig();

  expect_eq(waiting("small", 10), 3);
  expect_eq(waiting("lowered", 10), 0);
  for (int i = 0; i < 5; i++) expect_both_ways(clients[i], must(accept(lowered, NULL, NULL)));
  expect_eq(waiting("lowered", 10), 2);
  must(accept(small, NULL, NULL));
  expect_eq(waiting("small", 10), 1);
  pass();
}
