/* zdtm:
 * title: autofs of the kind direct, which asks as soon as somebody goes to its root, is refused
 * refuse: it is not of the kind indirect
 * needs: root
 */
#define _GNU_SOURCE
#include "autofs.h"

int main(int argc, char** argv) {
  int ends[2];
  test_init(argc, argv);
  mount_autofs("direct", ends);
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  pass();
}
