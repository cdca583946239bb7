/* zdtm:
 * title: a connection that waits in one of several listeners of a port is refused by name: a new one could come to another
 * refuse: shares its port
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  int l[2];
  test_init(argc, argv);
  struct at at = loopback_at(AF_INET, 0);
  for (int i = 0; i < 2; i++) {
    l[i] = must(socket(AF_INET, SOCK_STREAM, 0));
    set_option(l[i], SOL_SOCKET, SO_REUSEPORT, 1);
    must(bind(l[i], sa(&at), at.size));
    must(listen(l[i], 5));
    at = own_address(l[i]);
  }
  int client = connected_to(AF_INET, at);

  test_daemon();
  test_waitsig();

  struct pollfd p[2] = {{l[0], POLLIN, 0}, {l[1], POLLIN, 0}};
  expect_eq(poll(p, 2, 1000), 1);
  both_ways(client, must(accept(p[0].revents ? l[0] : l[1], NULL, NULL)));
  pass();
}
