/* zdtm:
 * title: groups that are gone are made again, with owner, mode and settings, and the empty ones below them
 * needs: root
 * dump: --manage-cgroups=soft
 * restore: --manage-cgroups=soft --action-script 'test $CRTOOLS_SCRIPT_ACTION != pre-restore || rmdir /sys/fs/cgroup/pids/zdtm_settings/below /sys/fs/cgroup/pids/zdtm_settings /sys/fs/cgroup/memory/zdtm_settings /sys/fs/cgroup/cpu/zdtm_settings'
 */
#include "cgroups.h"

int main(int argc, char** argv) {
  struct stat st;
  test_init(argc, argv);
  const char* pids = group_path("pids", "zdtm_settings");
  const char* memory = group_path("memory", "zdtm_settings");
  const char* cpu = group_path("cpu", "zdtm_settings");
  char below[PATH_MAX];
  snprintf(below, sizeof(below), "%s/below", pids);
  make_group(pids);
  make_group(below);
  make_group(memory);
  make_group(cpu);
  must(chown(pids, 5, 6));
  must(chmod(pids, 0711));
  put_setting(pids, "pids.max", "17");
  put_setting(below, "pids.max", "3");
  put_setting(pids, "notify_on_release", "1");
  put_setting(memory, "memory.limit_in_bytes", "268435456");
  put_setting(memory, "memory.soft_limit_in_bytes", "134217728");
  put_setting(cpu, "cpu.shares", "333");
  enter_group(pids);
  enter_group(memory);
  enter_group(cpu);

  test_daemon();
  test_waitsig();

  expect(is_in_group(getpid(), "pids:/zdtm_settings"));
  expect(is_in_group(getpid(), "memory:/zdtm_settings"));
  expect(is_in_group(getpid(), "cpu:/zdtm_settings"));
  expect(strcmp(setting(pids, "pids.max"), "17") == 0);
  expect(strcmp(setting(below, "pids.max"), "3") == 0);
  expect(strcmp(setting(pids, "notify_on_release"), "1") == 0);
  expect(strcmp(setting(memory, "memory.limit_in_bytes"), "268435456") == 0);
  expect(strcmp(setting(memory, "memory.soft_limit_in_bytes"), "134217728") == 0);
  expect(strcmp(setting(cpu, "cpu.shares"), "333") == 0);
  must(stat(pids, &st));
  expect_eq(st.st_uid, 5);
  expect_eq(st.st_gid, 6);
  expect_eq(st.st_mode & 0777, 0711);
  must(rmdir(below));
  remove_group("pids", pids);
  remove_group("memory", memory);
  remove_group("cpu", cpu);
  pass();
}
