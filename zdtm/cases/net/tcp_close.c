/* zdtm:
 * title: --tcp-close: connections come back as closed sockets, what waits for an accept is gone, listeners go on
 * dump: --tcp-close
 * restore: --tcp-close
 * network: own
 * compare: nofds - a connection shows other lines when it is closed
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int l = listening(AF_INET, 5);
  struct at to = own_address(l);
  int client = connected_to(AF_INET, to);
  int server = must(accept(l, NULL, NULL));
  int waiting = connected_to(AF_INET, to), spoken = connected_to(AF_INET, to);
  must(send(spoken, "data", 4, 0)); /* which nobody could see before an accept */
  must(send(client, "more", 4, 0));

  test_daemon();
  test_waitsig();

  must(fcntl(l, F_SETFL, O_NONBLOCK));
  expect_errno(accept(l, NULL, NULL), EAGAIN);
  expect_closed(client);
  expect_closed(server);
  expect_closed(waiting);
  expect_closed(spoken);
  must(fcntl(l, F_SETFL, 0));
  int again = connected_to(AF_INET, to);
  both_ways(again, must(accept(l, NULL, NULL)));
  pass();
}
