/* zdtm:
 * title: a process in a user namespace below that of its tree that has keys of its own is refused; they are still there
 * refuse: it lives in a user namespace below that of the tree and has keyrings of its own
 * needs: root
 */
#define _GNU_SOURCE
#include "keys.h"
#include "nested.h"
#include "users.h"

static struct node holder;

static void set_up(void) {
  must(unshare(CLONE_NEWUSER));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
  must(add_key("user", "zdtm:key", "secret", PROCESS_RING));
}
static void check(void) { must(keyctl(10 /* KEYCTL_SEARCH */, PROCESS_RING, (long)"user", (long)"zdtm:key", 0)); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  keys_needed();
  node_start(&holder, 0, set_up, check);

  test_daemon();
  test_waitsig();

  node_finish(&holder);
  pass();
  return 0;
}
