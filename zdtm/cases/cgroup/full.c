/* zdtm:
 * title: --manage-cgroups=full sets what somebody has changed in a group that is still there
 * needs: root
 * dump: --manage-cgroups=full
 * restore: --manage-cgroups=full --action-script 'test $CRTOOLS_SCRIPT_ACTION != pre-restore || echo 99 > /sys/fs/cgroup/pids/zdtm_full/pids.max'
 */
#include "cgroups.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  const char* pids = group_path("pids", "zdtm_full");
  make_group(pids);
  put_setting(pids, "pids.max", "18");
  enter_group(pids);

  test_daemon();
  test_waitsig();

  expect(strcmp(setting(pids, "pids.max"), "18") == 0);
  remove_group("pids", pids);
  pass();
}
