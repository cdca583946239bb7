/* zdtm:
 * title: a TCP socket of the outside's network, whose holder is in a pid namespace of a user namespace below, is refused
 * refuse: but in a network namespace that does not, where it could not make it again
 * needs: root
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/socket.h>

#include "nested.h"
#include "users.h"

static struct node init;
static int listener;

static void set_up(void) { must(listen(listener, 1)); }
static void check(void) {
  int on = 0;
  socklen_t size = sizeof on;
  must(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &on, &size));
  expect_eq(on, 1);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  listener = must(socket(AF_INET, SOCK_STREAM, 0));
  node_start(&init, CLONE_NEWUSER | CLONE_NEWPID, set_up, check);
  users_map(init.pid, "0 0 1\n", "0 0 1\n", 1);
  close(listener);

  test_daemon();
  test_waitsig();

  node_finish(&init);
  pass();
}
