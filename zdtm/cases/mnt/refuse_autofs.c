/* zdtm:
 * title: autofs that nobody in the tree reads the questions of
 * refuse: auto (autofs); a program serves it
 * needs: root
 */
#define _GNU_SOURCE
#include "autofs.h"

int main(int argc, char** argv) {
  int ends[2];
  test_init(argc, argv);
  mount_autofs("indirect", ends);
  close(ends[0]);
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  pass();
}
