/* zdtm:
 * title: names that are relative to a directory that is not the current one any more, also with .. in them
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  struct unix_view views[4];
  test_init(argc, argv);
  must(mkdir("one", 0755));
  must(mkdir("one/deep", 0755));
  must(mkdir("two", 0755));
  must(chdir("one"));
  int simple = unix_listening(SOCK_STREAM, "simple", 3), deep = unix_listening(SOCK_STREAM, "deep/socket", 3);
  int above = unix_listening(SOCK_STREAM, "../two/above", 3), datagram = unix_bound(SOCK_DGRAM, "./datagram");
  must(chdir("../two"));
  int client = unix_connected(SOCK_STREAM, "../one/simple"), server = must(accept(simple, NULL, NULL));
  int all[] = {simple, deep, above, datagram};
  for (int i = 0; i < 4; i++) views[i] = unix_view(all[i]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; i++) expect_view(all[i], views[i]);
  expect_both_ways(client, server);
  expect_accepts(simple, SOCK_STREAM, "../one/simple");
  expect_accepts(deep, SOCK_STREAM, "../one/deep/socket");
  expect_accepts(above, SOCK_STREAM, "above");
  int sender = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  unix_send_to(sender, "../one/datagram", "hello");
  expect_message(datagram, "hello");
  pass();
}
