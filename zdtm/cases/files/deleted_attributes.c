/* zdtm:
 * title: a removed file keeps its extended attributes
 */
#define _GNU_SOURCE
#include <sys/xattr.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char value[64] = "";
  test_init(argc, argv);
  int fd = make_file("ghost", 100, 1);
  if (fsetxattr(fd, "user.zdtm", "a value", 7, 0))
    skip("no user attributes in this file system: %s", strerror(errno));
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  expect_eq(fgetxattr(fd, "user.zdtm", value, sizeof(value)), 7);
  expect(memcmp(value, "a value", 7) == 0);
  expect_file(fd, 100, 1);
  pass();
}
