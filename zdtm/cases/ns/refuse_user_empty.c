/* zdtm:
 * title: a network namespace that belongs to a user namespace in which nobody lives any more is refused
 * refuse: it belongs to another user namespace than
 * needs: root
 */
#define _GNU_SOURCE
#include "nested.h"
#include "users.h"

static struct node founder, heir;
static ino_t net;

static void found(void) {
  must(unshare(CLONE_NEWUSER | CLONE_NEWNET));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
}
static void inherit(void) {
  int ns = users_open_ns(founder.pid, "net");
  must(setns(ns, CLONE_NEWNET));
  close(ns);
  net = users_ns(0, "net");
}
static void has_inherited(void) { expect_eq(users_ns(0, "net"), net); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  node_start(&founder, 0, found, NULL);
  node_start(&heir, 0, inherit, has_inherited);
  node_finish(&founder);

  test_daemon();
  test_waitsig();

  node_finish(&heir);
  pass();
  return 0;
}
