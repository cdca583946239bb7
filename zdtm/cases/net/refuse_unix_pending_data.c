/* zdtm:
 * title: data sent over a connection that nobody has accepted yet is refused by name
 * refuse: has not accepted yet
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int listener = unix_listening(SOCK_STREAM, "server", 8), client = unix_connected(SOCK_STREAM, "server");
  write_text(client, "early");

  test_daemon();
  test_waitsig();

  int server = must(accept(listener, NULL, NULL));
  expect_read(server, "early");
  expect_both_ways(client, server);
  pass();
}
