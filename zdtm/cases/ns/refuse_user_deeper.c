/* zdtm:
 * title: a task two user namespaces below the others is refused
 * refuse: it lives in a user namespace two or more below that of the tree
 * needs: root
 */
#define _GNU_SOURCE
#include "nested.h"
#include "users.h"

static struct node upper, lower;

static void set_up_lower(void) {
  must(unshare(CLONE_NEWUSER));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
}
static void set_up_upper(void) {
  set_up_lower();
  node_start(&lower, 0, set_up_lower, NULL);
}
static void check_upper(void) { node_finish(&lower); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  node_start(&upper, 0, set_up_upper, check_upper);

  test_daemon();
  test_waitsig();

  node_finish(&upper);
  pass();
  return 0;
}
