/* zdtm:
 * title: a mount that is in no namespace (open_tree(2)) is refused by name, though its path leads to the same directory
 * refuse: it lies in a mount that is in no mount namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <sys/mount.h>

#include "check.h"
#include "descriptors.h"

enum { kClone = 1 /* OPEN_TREE_CLONE */ };

int main(int argc, char** argv) {
  struct stat root, detached;
  test_init(argc, argv);
  int fd = syscall(SYS_open_tree, AT_FDCWD, "/", kClone);
  if (fd < 0) skip("open_tree: %s", strerror(errno));
  move_fd(fd, 77);

  test_daemon();
  test_waitsig();

  must(fstat(77, &detached));
  must(stat("/", &root));
  expect_eq(detached.st_ino, root.st_ino);
  expect(strcmp(fd_link(77), "/") == 0);
  pass();
}
