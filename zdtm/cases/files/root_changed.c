/* zdtm:
 * title: a root changed by chroot, with the working directory inside or still outside of it
 * needs: cap:SYS_CHROOT
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void change(void* arg) {
  must(chroot("jail"));
  if (arg) must(chdir("/inside"));
}

static void check(void* arg) {
  struct stat root, above;
  must(access("/inside/mark", F_OK));
  must(stat("/", &root));
  must(stat("/..", &above));
  expect_eq(above.st_ino, root.st_ino); /* no way up */
  if (arg)
    must(access("mark", F_OK));
  else
    must(access("jail/inside/mark", F_OK)); /* the working directory was left where it was */
  expect_errno(access("/proc/self", F_OK), ENOENT);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("jail", 0755));
  must(mkdir("jail/inside", 0755));
  close(make_file("jail/inside/mark", 1, 1));
  pid_t inside = waiting_child_start(change, check, "inside"), outside = waiting_child_start(change, check, NULL);

  test_daemon();
  test_waitsig();

  waiting_child_finish(inside);
  waiting_child_finish(outside);
  must(access("/proc/self", F_OK)); /* this one's root is as before */
  pass();
}
