/* zdtm:
 * title: TCP sockets that are new, bound, or bound with shared ports; a port of ours stays taken, a group stays a group
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  int group[3];
  test_init(argc, argv);
  int fresh = must(socket(AF_INET6, SOCK_STREAM, 0));
  int held = bound(AF_INET, SOCK_STREAM, 0);
  struct at held_at = own_address(held), group_at = loopback_at(AF_INET, 0);
  set_option(fresh, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(held, IPPROTO_TCP, TCP_KEEPIDLE, 77);
  set_option(held, IPPROTO_TCP, TCP_MAXSEG, 999);
  for (int i = 0; i < 3; i++) {
    group[i] = must(socket(AF_INET, SOCK_STREAM, 0));
    set_option(group[i], SOL_SOCKET, SO_REUSEPORT, 1);
    must(bind(group[i], sa(&group_at), group_at.size));
    group_at = own_address(group[i]);
    must(listen(group[i], 100));
  }

  test_daemon();
  test_waitsig();

  expect_eq(option(fresh, IPPROTO_TCP, TCP_NODELAY), 1);
  expect_eq(option(fresh, SOL_SOCKET, SO_REUSEADDR), 0);
  struct at to = loopback_at(AF_INET6, 0);
  must(bind(fresh, sa(&to), to.size));
  must(listen(fresh, 1));
  expect_eq(option(held, IPPROTO_TCP, TCP_KEEPIDLE), 77);
  expect_eq(option(held, IPPROTO_TCP, TCP_MAXSEG), 999);
  expect_eq(option(held, SOL_SOCKET, SO_REUSEADDR), 0);
  expect(same_address(held_at, own_address(held)));
  int other = must(socket(AF_INET, SOCK_STREAM, 0));
  expect_errno(bind(other, sa(&held_at), held_at.size), EADDRINUSE);
  must(listen(held, 1));
  /* Every member gets some of many clients. */
  int got[3] = {0};
  for (int i = 0; i < 60; i++) connected_to(AF_INET, group_at);
  for (int i = 0; i < 3; i++) {
    fcntl(group[i], F_SETFL, O_NONBLOCK);
    while (accept(group[i], NULL, NULL) >= 0) got[i]++;
  }
  test_msg("clients: %d %d %d", got[0], got[1], got[2]);
  expect(got[0] > 0 && got[1] > 0 && got[2] > 0 && got[0] + got[1] + got[2] == 60);
  pass();
}
