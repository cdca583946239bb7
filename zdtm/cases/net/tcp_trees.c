/* zdtm:
 * title: a TCP connection between parent and child, another shared by both; a listening socket that a child inherited
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"
#include "waiting_child.h"

static int client, server, shared, shared_peer, l;

static void set_up(void* arg) {
  (void)arg;
  close(client);
  write_text(server, "from the child");
}

static void check(void* arg) {
  (void)arg;
  expect_read(server, "from the parent");
  write_text(shared, "also from the child");
  int again = connected_to(AF_INET, own_address(l));
  both_ways(again, must(accept(l, NULL, NULL)));
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  tcp_pair(AF_INET, &client, &server);
  tcp_pair(AF_INET6, &shared, &shared_peer);
  l = listening(AF_INET, 3);
  pid_t pid = waiting_child_start(set_up, check, NULL);
  close(server);
  write_text(client, "from the parent");

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_read(client, "from the child");
  expect_end(client);
  expect_read(shared_peer, "also from the child");
  both_ways(shared, shared_peer);
  pass();
}
