/* zdtm:
 * title: the first process of a pid namespace of a user namespace below, in a network namespace that is not its user
 *        namespace's and not its parent's, is refused
 * refuse: it has entered a net namespace that does not belong to its user namespace
 * needs: root
 */
#define _GNU_SOURCE
#include "nested.h"
#include "users.h"

static struct node init;
static ino_t net;

static void check(void) { expect_eq(users_ns(0, "net"), net); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  int own = users_open_ns(0, "net");
  must(unshare(CLONE_NEWNET));
  net = users_ns(0, "net");
  node_start(&init, CLONE_NEWUSER | CLONE_NEWPID, NULL, check);
  users_map(init.pid, "0 0 1\n", "0 0 1\n", 1);
  must(setns(own, CLONE_NEWNET));
  close(own);

  test_daemon();
  test_waitsig();

  node_finish(&init);
  pass();
}
