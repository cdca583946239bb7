/* zdtm:
 * title: connections of seqpacket sockets over an abstract and a path listener; packets in flight keep their borders
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  static const char* const kNames[] = {"@zdtm seqpacket", "seqpacket"};
  int listener[2], client[2], server[2];
  struct unix_view views[2][3];
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) {
    listener[i] = unix_listening(SOCK_SEQPACKET, kNames[i], 0);
    client[i] = unix_connected(SOCK_SEQPACKET, kNames[i]);
    server[i] = must(accept(listener[i], NULL, NULL));
    write_text(client[i], "one");
    write_text(client[i], "three");
    write_text(server[i], "answer");
    views[i][0] = unix_view(listener[i]);
    views[i][1] = unix_view(client[i]);
    views[i][2] = unix_view(server[i]);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect_view(listener[i], views[i][0]);
    expect_view(client[i], views[i][1]);
    expect_view(server[i], views[i][2]);
    expect_message(server[i], "one");
    expect_message(server[i], "three");
    expect_message(client[i], "answer");
    expect_both_ways(client[i], server[i]);
    expect_accepts(listener[i], SOCK_SEQPACKET, kNames[i]);
  }
  pass();
}
