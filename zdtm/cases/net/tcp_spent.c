/* zdtm:
 * title: TCP sockets that were connections: closed by both sides with data unread, reset and noticed, shut down unconnected
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  int client, server, reset, peer, error = 0;
  struct linger hard = {1, 0};
  char byte;
  test_init(argc, argv);
  int l = listening(AF_INET, 3);
  client = connected_to(AF_INET, own_address(l));
  server = must(accept(l, NULL, NULL));
  send_pattern(client, 5000, 7);
  must(shutdown(client, SHUT_WR));
  must(shutdown(server, SHUT_WR));
  wait_tcp_state(server, TCP_CLOSE);
  tcp_pair(AF_INET6, &reset, &peer);
  must(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
  close(peer);
  expect_errno(recv(reset, &byte, 1, 0), ECONNRESET);
  int never = must(socket(AF_INET, SOCK_STREAM, 0));
  expect_errno(shutdown(never, SHUT_RDWR), ENOTCONN);
  struct at name = own_address(server), reset_name = own_address(reset);

  test_daemon();
  test_waitsig();

  expect_eq(tcp_state(server), TCP_CLOSE);
  expect_eq(option(server, SOL_SOCKET, SO_ERROR), error);
  expect(same_address(name, own_address(server)));
  expect(same_address(reset_name, own_address(reset)));
  struct at nobody = {.size = sizeof(nobody.address)};
  expect_errno(getpeername(server, sa(&nobody), &nobody.size), ENOTCONN);
  expect_pattern(server, 5000, 7);
  expect_end(server);
  expect_end(reset);
  expect_end(client);
  expect_errno(send(server, "x", 1, MSG_NOSIGNAL), EPIPE);
  struct pollfd p = {never, POLLIN | POLLRDHUP, 0};
  expect_eq(poll(&p, 1, 0), 1);
  expect(p.revents & POLLRDHUP);
  int again = connected_to(AF_INET, own_address(l));
  both_ways(again, must(accept(l, NULL, NULL)));
  pass();
}
