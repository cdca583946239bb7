/* zdtm:
 * title: three network namespaces in one tree, with TCP, UDP and unix sockets at the same ports in each
 * needs: root tool:ip
 */
#define _GNU_SOURCE
#include <sys/un.h>

#include "child.h"
#include "inet.h"
#include "netns.h"

enum { kPort = 4321 };

struct sockets {
  int client, server, listener, udp, unix_end[2];
};

static int set_up(void* arg) {
  struct sockets* s = arg;
  struct at at = loopback_at(AF_INET, kPort);
  new_netns();
  sh("ip link set lo up");
  s->listener = must(socket(AF_INET, SOCK_STREAM, 0));
  must(bind(s->listener, sa(&at), at.size));
  must(listen(s->listener, 4));
  s->client = connected_to(AF_INET, at);
  s->server = must(accept(s->listener, NULL, NULL));
  send_pattern(s->client, 5000, getpid());
  s->udp = bound(AF_INET, SOCK_DGRAM, kPort);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s->unix_end));
  write_text(s->unix_end[0], "waiting");
  return 0;
}

static int check(void* arg) {
  struct sockets* s = arg;
  expect_pattern(s->server, 5000, getpid());
  both_ways(s->client, s->server);
  int fresh = connected_to(AF_INET, loopback_at(AF_INET, kPort));
  both_ways(fresh, must(accept(s->listener, NULL, NULL)));
  expect_read(s->unix_end[1], "waiting");
  struct at at = own_address(s->udp);
  int sender = must(socket(AF_INET, SOCK_DGRAM, 0));
  must(sendto(sender, "x", 1, 0, sa(&at), at.size));
  char byte;
  expect_eq(must(recv(s->udp, &byte, 1, 0)), 1);
  return 0;
}

int main(int argc, char** argv) {
  static struct sockets s[3];
  struct child c[2] = {{.setup = set_up, .check = check, .arg = &s[0]}, {.setup = set_up, .check = check, .arg = &s[1]}};
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) child_start(&c[i]);
  set_up(&s[2]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) child_finish(&c[i]);
  check(&s[2]);
  pass();
}
