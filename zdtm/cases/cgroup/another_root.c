/* zdtm:
 * title: --cgroup-root puts another group in the place of the root task's, for one controller and for the others
 * needs: root
 * dump: --manage-cgroups=full
 * restore: --manage-cgroups=full --cgroup-root pids:/zdtm_other_pids --cgroup-root /zdtm_other
 */
#include "cgroups.h"
#include "child.h"

static int set_up(void* arg) {
  make_group(arg);
  enter_group(arg);
  return 0;
}

static int check(void* arg) {
  (void)arg;
  expect(is_in_group(getpid(), "pids:/zdtm_other_pids/child"));
  remove_group("pids", group_path("pids", "zdtm_other_pids/child"));
  return 0;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  const char* pids = group_path("pids", "zdtm_root");
  const char* freezer = group_path("freezer", "zdtm_root");
  char child_group[PATH_MAX];
  snprintf(child_group, sizeof(child_group), "%s/child", pids);
  struct child c = {.setup = set_up, .check = check, .arg = child_group};
  make_group(pids);
  make_group(freezer);
  put_setting(pids, "pids.max", "19");
  enter_group(pids);
  enter_group(freezer);
  child_start(&c);

  test_daemon();
  test_waitsig();

  const char* other = group_path("pids", "zdtm_other_pids");
  expect(is_in_group(getpid(), "pids:/zdtm_other_pids"));
  expect(is_in_group(getpid(), "freezer:/zdtm_other"));
  expect(strcmp(setting(other, "pids.max"), "19") == 0);
  child_finish(&c);
  remove_group("pids", other);
  rmdir(child_group);
  rmdir(pids);
  rmdir(freezer);
  enter_group(group_path("freezer", ""));
  for (const char* const* h = (const char* const[]){"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio",
                                                    "systemd", "unified", NULL};
       *h; h++)
    remove_group(*h, group_path(*h, "zdtm_other"));
  pass();
}
