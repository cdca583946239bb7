/* zdtm:
 * title: sockets that are not connected: new, bound, shut down; connections whose other end is gone keep its name
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  struct unix_view views[7];
  test_init(argc, argv);
  int fresh = must(socket(AF_UNIX, SOCK_STREAM, 0)), bound = unix_bound(SOCK_STREAM, "bound");
  int shut = must(socket(AF_UNIX, SOCK_DGRAM, 0)), packet = unix_bound(SOCK_SEQPACKET, "@zdtm unconnected");
  must(shutdown(shut, SHUT_RDWR));
  int listener = unix_listening(SOCK_STREAM, "server", 3);
  int left_client = unix_connected(SOCK_STREAM, "server"), server = must(accept(listener, NULL, NULL));
  write_text(server, "last words");
  close(server);
  int client = unix_bound(SOCK_STREAM, "client");
  must(unix_connect(client, "server"));
  int left_server = must(accept(listener, NULL, NULL));
  write_text(client, "last words");
  close(client);
  int all[] = {fresh, bound, shut, packet, listener, left_client, left_server};
  for (int i = 0; i < 7; i++) views[i] = unix_view(all[i]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 7; i++) expect_view(all[i], views[i]);
  expect_read(left_client, "last words");
  expect_closed(left_client);
  expect_read(left_server, "last words");
  expect_closed(left_server);
  expect_errno(send(left_server, "x", 1, MSG_NOSIGNAL), EPIPE);
  expect_errno(unix_connect(must(socket(AF_UNIX, SOCK_STREAM, 0)), "bound"), ECONNREFUSED);
  expect_eq(must(recv(shut, &(char){0}, 1, 0)), 0);
  must(listen(bound, 1));
  expect_accepts(bound, SOCK_STREAM, "bound");
  must(unix_connect(fresh, "server"));
  expect_both_ways(fresh, must(accept(listener, NULL, NULL)));
  pass();
}
