/* zdtm:
 * title: datagrams of many senders in one queue keep the senders' names; connected ones, one whose peer is gone
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"
#include "waiting_child.h"

static int fd;

static void send_from_child(void* arg) {
  (void)arg;
  fd = unix_bound(SOCK_DGRAM, "child");
  must(unix_connect(fd, "server"));
  write_text(fd, "from child");
}

static void check_child(void* arg) {
  (void)arg;
  expect(same_name(unix_view(fd).peer, unix_at("server")));
  expect_errno(send(fd, "again", 5, 0), EPERM); /* the server is connected to another one */
}

int main(int argc, char** argv) {
  struct unix_view views[6];
  test_init(argc, argv);
  int server = unix_bound(SOCK_DGRAM, "server"), abstract = unix_bound(SOCK_DGRAM, "@zdtm dgram");
  int named = unix_bound(SOCK_DGRAM, "named"), silent = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  unix_send_to(named, "server", "from named");
  pid_t child = waiting_child_start(send_from_child, check_child, NULL);
  int gone = unix_bound(SOCK_DGRAM, "gone");
  unix_send_to(gone, "server", "from gone");
  unix_send_to(abstract, "server", "from abstract");
  unix_send_to(silent, "server", "from silent");
  int left = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  must(unix_connect(left, "gone"));
  close(gone);
  must(unix_connect(silent, "@zdtm dgram"));
  write_text(silent, "to abstract");
  /* From here on the server takes messages from one sender alone, but has those of the others. */
  must(unix_connect(named, "server"));
  must(unix_connect(server, "named"));
  write_text(server, "to named");
  must(shutdown(abstract, SHUT_WR));
  int all[] = {server, abstract, named, silent, left};
  for (int i = 0; i < 5; i++) views[i] = unix_view(all[i]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 5; i++) expect_view(all[i], views[i]);
  waiting_child_finish(child);
  expect_from(server, "named", "from named");
  expect_from(server, "child", "from child");
  expect_from(server, "gone", "from gone");
  expect_from(server, "@zdtm dgram", "from abstract");
  expect_from(server, "", "from silent");
  expect_from(abstract, "", "to abstract");
  expect_from(named, "server", "to named");
  expect_errno(send(abstract, "x", 1, MSG_NOSIGNAL), EPIPE);
  expect_errno(send(left, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
  int other = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  expect_errno(unix_connect(other, "server"), EPERM);
  expect_both_ways(named, server);
  pass();
}
