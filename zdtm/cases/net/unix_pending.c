/* zdtm:
 * title: connections of several processes that nobody has accepted: order, credentials, one half-closed, one closed
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"
#include "waiting_child.h"

static int fd;

static void from_child(void* arg) {
  (void)arg;
  fd = unix_bound(SOCK_STREAM, "child");
  must(unix_connect(fd, "server"));
}

static void check_child(void* arg) {
  (void)arg;
  expect(same_name(unix_view(fd).peer, unix_at("server")));
  expect_read(fd, "to child");
  write_text(fd, "from child");
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int listener = unix_listening(SOCK_STREAM, "server", 8);
  int accepted_client = unix_connected(SOCK_STREAM, "server"), accepted = must(accept(listener, NULL, NULL));
  int first = unix_bound(SOCK_STREAM, "first");
  must(unix_connect(first, "server"));
  pid_t child = waiting_child_start(from_child, check_child, NULL);
  close(unix_connected(SOCK_STREAM, "server"));
  int half = unix_bound(SOCK_STREAM, "half");
  must(unix_connect(half, "server"));
  must(shutdown(half, SHUT_WR));
  struct unix_view view = unix_view(first);

  test_daemon();
  test_waitsig();

  expect_both_ways(accepted_client, accepted);
  expect_view(first, view);
  int s = must(accept(listener, NULL, NULL));
  expect(same_name(unix_view(s).peer, unix_at("first")));
  expect_eq(unix_view(s).cred.pid, getpid());
  expect_both_ways(first, s);
  s = must(accept(listener, NULL, NULL));
  expect(same_name(unix_view(s).peer, unix_at("child")));
  expect_eq(unix_view(s).cred.pid, child);
  write_text(s, "to child");
  waiting_child_finish(child);
  expect_read(s, "from child");
  expect_closed(must(accept(listener, NULL, NULL)));
  s = must(accept(listener, NULL, NULL));
  expect(same_name(unix_view(s).peer, unix_at("half")));
  expect_closed(s);
  write_text(s, "one way");
  expect_read(half, "one way");
  must(fcntl(listener, F_SETFL, O_NONBLOCK));
  expect_errno(accept(listener, NULL, NULL), EAGAIN);
  pass();
}
