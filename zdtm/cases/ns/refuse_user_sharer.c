/* zdtm:
 * title: a task in a user namespace below that of the others, which shares its directories with another process, is refused
 * refuse: shares memory or directories with another process
 * needs: root
 */
#define _GNU_SOURCE
#include "nested.h"
#include "users.h"

static struct node tenant, sharer;

static void is_inside(void) { expect_eq(getuid(), 0); }
static void set_up_tenant(void) {
  must(unshare(CLONE_NEWUSER));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
  node_start(&sharer, CLONE_FS, NULL, is_inside);
}
static void check_tenant(void) {
  is_inside();
  node_finish(&sharer);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  node_start(&tenant, 0, set_up_tenant, check_tenant);

  test_daemon();
  test_waitsig();

  node_finish(&tenant);
  pass();
  return 0;
}
