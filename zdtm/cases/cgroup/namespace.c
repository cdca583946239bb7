/* zdtm:
 * title: a cgroup namespace, rooted above the group of its process
 * needs: root
 * dump: --manage-cgroups
 * restore: --manage-cgroups
 */
#define _GNU_SOURCE
#include <sched.h>

#include "cgroups.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  const char* top = group_path("pids", "zdtm_cgns");
  char below[PATH_MAX];
  snprintf(below, sizeof(below), "%s/below", top);
  make_group(top);
  make_group(below);
  enter_group(top);
  must(unshare(CLONE_NEWCGROUP));
  enter_group(below);
  expect(is_in_group(getpid(), "pids:/below"));

  test_daemon();
  test_waitsig();

  expect(is_in_group(getpid(), "pids:/below"));
  remove_group("pids", below);
  rmdir(top);
  pass();
}
