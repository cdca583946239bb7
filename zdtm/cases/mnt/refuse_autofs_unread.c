/* zdtm:
 * title: autofs in whose pipe something waits that its daemon has not read is refused
 * refuse: its daemon has not answered yet
 * needs: root
 */
#define _GNU_SOURCE
#include "autofs.h"

int main(int argc, char** argv) {
  int ends[2];
  test_init(argc, argv);
  mount_autofs("indirect", ends);
  must(write(ends[1], "?", 1));
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  pass();
}
