/* zdtm:
 * title: --tcp-close of the restore alone: the set has connections, one of which waits for an accept
 * restore: --tcp-close
 * network: own
 * compare: nofds - a connection shows other lines when it is closed
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int l = listening(AF_INET6, 5);
  struct at to = own_address(l);
  int client = connected_to(AF_INET6, to);
  int server = must(accept(l, NULL, NULL));
  int waiting = connected_to(AF_INET6, to);
  must(send(server, "unread", 6, 0));

  test_daemon();
  test_waitsig();

  must(fcntl(l, F_SETFL, O_NONBLOCK));
  expect_errno(accept(l, NULL, NULL), EAGAIN);
  expect_closed(client);
  expect_closed(server);
  expect_closed(waiting);
  pass();
}
