/* zdtm:
 * title: TCP connections with both ends in the tree and data unread both ways, IPv4, IPv6 and mapped; the server listens on
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

enum { kPairs = 3 };

/* Where IPv4 clients find a server that listens on all addresses of IPv6. */
static struct at peer_of_mapped(int fd) {
  struct at a = own_address(fd);
  return loopback_at(AF_INET, ntohs(((struct sockaddr_in6*)&a.address)->sin6_port));
}

int main(int argc, char** argv) {
  int client[kPairs], server[kPairs], l[kPairs];
  struct at names[kPairs][2];
  struct sockaddr_in6 any = {.sin6_family = AF_INET6};
  test_init(argc, argv);
  l[0] = listening(AF_INET, 2);
  l[1] = listening(AF_INET6, 2);
  l[2] = must(socket(AF_INET6, SOCK_STREAM, 0));
  must(bind(l[2], (struct sockaddr*)&any, sizeof(any)));
  must(listen(l[2], 2));
  for (int i = 0; i < kPairs; i++) {
    struct at to = own_address(l[i]);
    if (i == 2) to = peer_of_mapped(l[2]);
    client[i] = connected_to(to.address.ss_family, to);
    server[i] = must(accept(l[i], NULL, NULL));
    names[i][0] = own_address(client[i]);
    names[i][1] = peer_address(server[i]);
    send_pattern(client[i], 10000 + i, i);
    send_pattern(server[i], 20000 + i, 10 + i);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kPairs; i++) {
    expect(same_address(names[i][0], own_address(client[i])));
    expect(same_address(names[i][1], peer_address(server[i])));
    expect_eq(option(client[i], SOL_SOCKET, SO_REUSEADDR), 0);
    expect_pattern(server[i], 10000 + i, i);
    expect_pattern(client[i], 20000 + i, 10 + i);
    both_ways(client[i], server[i]);
    close(client[i]);
    expect_end(server[i]);
    int again = connected_to(i == 1 ? AF_INET6 : AF_INET, i == 2 ? peer_of_mapped(l[2]) : own_address(l[i]));
    both_ways(again, must(accept(l[i], NULL, NULL)));
  }
  pass();
}
