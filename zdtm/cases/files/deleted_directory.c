/* zdtm:
 * title: a removed file whose directory was removed with it, and the parent of that one too
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("a", 0750));
  must(mkdir("a/b", 0700));
  int fd = make_file("a/b/file", 5000, 1);
  must(unlink("a/b/file"));
  must(rmdir("a/b"));
  must(rmdir("a"));

  test_daemon();
  test_waitsig();

  expect_file(fd, 5000, 1);
  expect(strstr(fd_link(fd), "/a/b/file (deleted)") != NULL);
  expect_errno(access("a", F_OK), ENOENT);
  pass();
}
