/* zdtm:
 * title: keys of a user who is not root, in a session with a name; a child whose parent has taken another session since
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"
#include "keys.h"

enum { kUser = 1234, kGroup = 4321 };

static struct rings mine, childs;

static int become_user(void* arg) {
  (void)arg;
  must(setresgid(kGroup, kGroup, kGroup));
  must(setresuid(kUser, kUser, kUser));
  must(prctl(PR_SET_DUMPABLE, 1));
  must(keyctl(1, (long)"zdtm:session", 0, 0, 0));
  must(keyctl(8, USER_RING, SESSION_RING, 0, 0));
  must(add_key("user", "zdtm:mine", "secret", SESSION_RING));
  must(add_key("user", "zdtm:process", "of the process", PROCESS_RING));
  print_rings(childs.before, sizeof childs.before);
  expect(strstr(childs.before, "user;1234;4321;") && strstr(childs.before, "zdtm:session") &&
         strstr(childs.before, ";_uid.1234"));
  return 0;
}

static int check_user(void* arg) {
  (void)arg;
  expect_same_rings(&childs);
  return 0;
}

static int nothing(void* arg) {
  (void)arg;
  return 0;
}

/* The parent's keys are not for a child that was made before they were. */
static int finds_nothing(void* arg) {
  (void)arg;
  expect_errno(keyctl(10, SESSION_RING, (long)"user", (long)"zdtm:parent", 0), ENOKEY);
  return 0;
}

int main(int argc, char** argv) {
  struct child user = {.setup = become_user, .check = check_user}, early = {.setup = nothing, .check = finds_nothing};
  test_init(argc, argv);
  keys_needed();
  child_start(&early);
  child_start(&user);
  must(keyctl(1, 0, 0, 0, 0));
  must(add_key("user", "zdtm:parent", "for me", SESSION_RING));
  print_rings(mine.before, sizeof mine.before);

  test_daemon();
  test_waitsig();

  expect_same_rings(&mine);
  if (!child_finish(&user) && !child_finish(&early)) pass();
  return 0;
}
