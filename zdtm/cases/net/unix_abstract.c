/* zdtm:
 * title: abstract names: a listener, a name by autobind, bytes of any value; a connection whose listener is gone
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  struct unix_at odd = {.address = {.sun_family = AF_UNIX, .sun_path = "\0a\0b\xff\n"}};
  int client, server, orphan[2];
  struct unix_view views[5];
  test_init(argc, argv);
  odd.size = sizeof(odd.address);
  int listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(bind(listener, (struct sockaddr*)&odd.address, odd.size));
  must(listen(listener, 3));
  client = must(socket(AF_UNIX, SOCK_STREAM, 0));
  set_socket_option(client, SO_PASSCRED, 1); /* gives it a name when it connects */
  must(connect(client, (struct sockaddr*)&odd.address, odd.size));
  server = must(accept(listener, NULL, NULL));
  int gone = unix_listening(SOCK_STREAM, "@zdtm gone listener", 3);
  orphan[0] = unix_connected(SOCK_STREAM, "@zdtm gone listener");
  orphan[1] = must(accept(gone, NULL, NULL));
  write_text(orphan[0], "still here");
  close(gone);
  int all[] = {listener, client, server, orphan[0], orphan[1]};
  for (int i = 0; i < 5; i++) views[i] = unix_view(all[i]);
  expect(views[1].name.size > sizeof(sa_family_t)); /* autobind has done it */

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 5; i++) expect_view(all[i], views[i]);
  expect_both_ways(client, server);
  expect_read(orphan[1], "still here");
  expect_both_ways(orphan[0], orphan[1]);
  close(unix_bound(SOCK_STREAM, "@zdtm gone listener")); /* the name is free */
  int another = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(connect(another, (struct sockaddr*)&odd.address, odd.size));
  expect_both_ways(another, must(accept(listener, NULL, NULL)));
  pass();
}
