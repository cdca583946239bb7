/* zdtm:
 * title: a user namespace whose id maps are not written yet is refused
 * refuse: its id maps are not written yet
 * needs: root
 */
#define _GNU_SOURCE
#include "nested.h"
#include "users.h"

static struct node nobody;

static void leave(void) { must(unshare(CLONE_NEWUSER)); }
static void is_nobody(void) {
  expect_eq(getuid(), kNobody);
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
  expect_eq(getuid(), 0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  node_start(&nobody, 0, leave, is_nobody);

  test_daemon();
  test_waitsig();

  node_finish(&nobody);
  pass();
  return 0;
}
