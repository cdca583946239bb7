/* zdtm:
 * title: autofs that was told to ask nobody any more is refused
 * refuse: its daemon has gone
 * needs: root
 */
#define _GNU_SOURCE
#include "autofs.h"

int main(int argc, char** argv) {
  int ends[2];
  test_init(argc, argv);
  int root = mount_autofs("indirect", ends);
  must(ioctl(root, AUTOFS_IOC_CATATONIC));
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  pass();
}
