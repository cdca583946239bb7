/* zdtm:
 * title: a datagram of an abstract socket outside, in the queue of an abstract socket, can't be sent again
 * refuse: a socket outside the tree, is in its queue
 * network: own
 * outside: the sender would be in the tree
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  if (must(fork()) == 0) {
    int fd = unix_bound(SOCK_DGRAM, "@zdtm outside sender");
    while (unix_connect(fd, "@zdtm receiver")) usleep(1000);
    write_text(fd, "hello");
    for (;;) pause();
  }
  test_init(argc, argv);
  int fd = unix_bound(SOCK_DGRAM, "@zdtm receiver");
  struct pollfd p = {fd, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);

  test_daemon();
  test_waitsig();

  expect_from(fd, "@zdtm outside sender", "hello");
  pass();
}
