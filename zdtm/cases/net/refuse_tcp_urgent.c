/* zdtm:
 * title: urgent data that nobody has read is refused by name; connection and urgent byte live on
 * refuse: urgent data
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  int client, server;
  char byte = 0;
  test_init(argc, argv);
  tcp_pair(AF_INET, &client, &server);
  set_option(server, SOL_SOCKET, SO_REUSEADDR, 1);
  write_text(client, "plain");
  must(send(client, "!", 1, MSG_OOB));
  struct pollfd p = {server, POLLPRI, 0};
  expect_eq(poll(&p, 1, 5000), 1);

  test_daemon();
  test_waitsig();

  expect_eq(must(recv(server, &byte, 1, MSG_OOB)), 1);
  expect_eq(byte, '!');
  expect_read(server, "plain");
  expect_eq(option(server, SOL_SOCKET, SO_REUSEADDR), 1);
  both_ways(client, server);
  pass();
}
