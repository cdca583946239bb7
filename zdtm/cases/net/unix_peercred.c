/* zdtm:
 * title: SO_PEERCRED and SO_PEERGROUPS of connections and pairs made by others, who are gone or have other ids by now
 * network: own
 * needs: root
 * outside: the pid of a process that is gone does not show through another pid namespace
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/wait.h>

#include "unix_name.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

enum { kFds = 4 };

int main(int argc, char** argv) {
  int s[2], fds[kFds];
  struct unix_view views[kFds + 2];
  gid_t groups[3] = {7, 70, 700}, got[8];
  socklen_t size = sizeof(got);
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  pid_t maker = must(fork());
  if (maker == 0) { /* makes a listener, a connection and a pair, sends them here, and ends */
    int made[kFds];
    must(setgroups(3, groups));
    must(setresgid(66, 66, 66));
    must(setresuid(55, 55, 55));
    made[0] = unix_listening(SOCK_STREAM, "@zdtm peercred", 3);
    made[1] = unix_connected(SOCK_STREAM, "@zdtm peercred");
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, made + 2));
    send_fds(s[1], "made", made, kFds);
    _exit(0);
  }
  expect_eq(must(waitpid(maker, NULL, 0)), maker);
  expect_eq(receive_fds(s[0], "made", fds), kFds);
  int server = must(accept(fds[0], NULL, NULL));
  int all[kFds + 2] = {fds[0], fds[1], fds[2], fds[3], server, s[0]};
  for (int i = 0; i < kFds + 2; i++) views[i] = unix_view(all[i]);
  expect_eq(views[1].cred.pid, maker);
  expect_eq(views[4].cred.uid, 55);
  expect_eq(views[2].cred.gid, 66);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kFds + 2; i++) expect_view(all[i], views[i]);
  must(getsockopt(server, SOL_SOCKET, SO_PEERGROUPS, got, &size));
  expect_eq(size, sizeof(groups));
  expect_eq(memcmp(got, groups, sizeof(groups)), 0);
  expect_both_ways(fds[1], server);
  expect_accepts(fds[0], SOCK_STREAM, "@zdtm peercred");
  pass();
}
