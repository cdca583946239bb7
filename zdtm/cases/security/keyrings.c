/* zdtm:
 * title: keys in a session keyring, which a child shares, and in thread and process keyrings, with keyrings inside
 */
#define _GNU_SOURCE
#include "child.h"
#include "keys.h"

static struct rings mine, childs;
static long shared;

static int same_session(void* arg) {
  (void)arg;
  /* Not its serial number, but which it is: a key that the parent adds after the restore is seen here. */
  long key = must(keyctl(10 /* KEYCTL_SEARCH */, SESSION_RING, (long)"user", (long)"zdtm:new", 0));
  must(keyctl(9 /* KEYCTL_UNLINK */, key, SESSION_RING, 0, 0));
  must(keyctl(2 /* KEYCTL_UPDATE */, must(keyctl(10, SESSION_RING, (long)"user", (long)"zdtm:one", 0)), (long)"secret", 6, 0));
  expect_same_rings(&childs);
  return 0;
}

static int look(void* arg) {
  (void)arg;
  print_rings(childs.before, sizeof childs.before);
  return 0;
}

int main(int argc, char** argv) {
  struct child child = {.setup = look, .check = same_session};
  test_init(argc, argv);
  keys_needed();
  must(keyctl(1 /* KEYCTL_JOIN_SESSION_KEYRING */, 0, 0, 0, 0));
  shared = must(add_key("user", "zdtm:one", "secret", SESSION_RING));
  must(keyctl(5 /* KEYCTL_SETPERM */, shared, 0x3f030000, 0, 0));
  must(add_key("user", "zdtm:with;semicolons", "a b", SESSION_RING));
  long ring = must(add_key("keyring", "zdtm:ring", NULL, SESSION_RING));
  must(add_key("user", "zdtm:inner", "inner secret", ring));
  must(keyctl(8 /* KEYCTL_LINK */, shared, ring, 0, 0));
  must(keyctl(5, ring, 0x3d010000, 0, 0)); /* its holder may not write any more */
  must(add_key("user", "zdtm:process", "of the process", PROCESS_RING));
  must(keyctl(8, shared, PROCESS_RING, 0, 0));
  must(add_key("user", "zdtm:thread", "of the thread", THREAD_RING));
  must(keyctl(8, USER_RING, PROCESS_RING, 0, 0));
  child_start(&child);
  print_rings(mine.before, sizeof mine.before);

  test_daemon();
  test_waitsig();

  expect_same_rings(&mine);
  must(add_key("user", "zdtm:new", "since", SESSION_RING));
  /* One key in three keyrings is one key still. */
  long found = must(keyctl(10, SESSION_RING, (long)"user", (long)"zdtm:one", 0));
  must(keyctl(2 /* KEYCTL_UPDATE */, found, (long)"changed", 7, 0));
  char text[16] = "";
  found = must(keyctl(10, PROCESS_RING, (long)"user", (long)"zdtm:one", 0));
  expect_eq(keyctl(11, found, (long)text, sizeof text, 0), 7);
  if (!child_finish(&child)) pass();
  return 0;
}
