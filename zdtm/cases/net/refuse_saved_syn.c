/* zdtm:
 * title: a connection whose SYN was kept (TCP_SAVE_SYN) and not yet asked for is refused by name; it is still there
 * refuse: --allow-lossy saved-syn
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  unsigned char syn[200];
  socklen_t size = sizeof(syn);
  test_init(argc, argv);
  int l = bound(AF_INET, SOCK_STREAM, 0);
  set_option(l, IPPROTO_TCP, TCP_SAVE_SYN, 1);
  must(listen(l, 1));
  int client = connected_to(AF_INET, own_address(l)), server = must(accept(l, NULL, NULL));

  test_daemon();
  test_waitsig();

  must(getsockopt(server, IPPROTO_TCP, TCP_SAVED_SYN, syn, &size));
  expect(size >= 40 && syn[0] >> 4 == 4 && syn[9] == IPPROTO_TCP);
  both_ways(client, server);
  pass();
}
