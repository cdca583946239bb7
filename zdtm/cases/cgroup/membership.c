/* zdtm:
 * title: a process and its child in groups of version 1 and 2 that are still there
 * needs: root
 * dump: --manage-cgroups
 * restore: --manage-cgroups=none
 */
#include "cgroups.h"
#include "child.h"

static int set_up(void* arg) {
  make_group(arg);
  enter_group(arg);
  return 0;
}

static int check(void* arg) {
  expect(is_in_group(getpid(), "pids:/zdtm_membership/child"));
  remove_group("pids", arg);
  return 0;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  const char* first = group_path("pids", "zdtm_membership");
  const char* second = group_path("unified", "zdtm_membership");
  char child_group[PATH_MAX];
  snprintf(child_group, sizeof(child_group), "%s/child", first);
  struct child c = {.setup = set_up, .check = check, .arg = child_group};
  make_group(first);
  make_group(second);
  enter_group(first);
  enter_group(second);
  child_start(&c);

  test_daemon();
  test_waitsig();

  expect(is_in_group(getpid(), "pids:/zdtm_membership"));
  expect(is_in_group(getpid(), ":/zdtm_membership"));
  child_finish(&c);
  remove_group("pids", first);
  remove_group("unified", second);
  pass();
}
