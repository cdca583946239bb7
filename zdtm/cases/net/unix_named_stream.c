/* zdtm:
 * title: connections over a listener with a path, between processes: names, SO_PEERCRED, data; the file itself
 * network: own
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "unix_name.h"
#include "waiting_child.h"

enum { kClients = 3 };

/* A client without a name, one with a path, one with an abstract name. */
static void connect_all(void* arg) {
  int* fds = arg;
  fds[0] = unix_connected(SOCK_STREAM, "server");
  fds[1] = unix_bound(SOCK_STREAM, "client");
  must(unix_connect(fds[1], "server"));
  fds[2] = unix_bound(SOCK_STREAM, "@zdtm named stream client");
  must(unix_connect(fds[2], "server"));
  for (int i = 0; i < kClients; i++) write_text(fds[i], "early");
}

static void check_all(void* arg) {
  int* fds = arg;
  for (int i = 0; i < kClients; i++) {
    struct unix_view v = unix_view(fds[i]);
    expect(same_name(v.peer, unix_at("server")));
    expect_eq(v.cred.pid, getppid());
    expect_read(fds[i], "answer");
    write_text(fds[i], ", late");
  }
  expect(same_name(unix_view(fds[1]).name, unix_at("client")));
  expect(same_name(unix_view(fds[2]).name, unix_at("@zdtm named stream client")));
}

int main(int argc, char** argv) {
  int fds[kClients], servers[kClients];
  struct unix_view views[kClients], listening;
  struct stat before, after;
  test_init(argc, argv);
  int listener = unix_listening(SOCK_STREAM, "server", 5);
  must(chmod("server", 0640));
  must(chown("server", 12, 34));
  must(stat("server", &before));
  pid_t child = waiting_child_start(connect_all, check_all, fds);
  for (int i = 0; i < kClients; i++) {
    servers[i] = must(accept(listener, NULL, NULL));
    write_text(servers[i], "answer");
    views[i] = unix_view(servers[i]);
    expect_eq(views[i].cred.pid, child);
  }
  listening = unix_view(listener);
  expect_eq(listening.cred.pid, getpid());

  test_daemon();
  test_waitsig();

  expect_view(listener, listening);
  for (int i = 0; i < kClients; i++) expect_view(servers[i], views[i]);
  waiting_child_finish(child);
  for (int i = 0; i < kClients; i++) {
    expect_read(servers[i], "early, late");
    expect_closed(servers[i]);
  }
  must(stat("server", &after));
  expect(S_ISSOCK(after.st_mode));
  expect_eq(after.st_mode, before.st_mode);
  expect_eq(after.st_uid, 12);
  expect_eq(after.st_gid, 34);
  expect_accepts(listener, SOCK_STREAM, "server");
  pass();
}
