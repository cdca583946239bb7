/* zdtm:
 * title: an open directory that was removed
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("gone", 0711));
  must(chown("gone", 5, 6));
  int dir = must(open("gone", O_RDONLY | O_DIRECTORY));
  must(rmdir("gone"));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(dir, &st));
  expect(S_ISDIR(st.st_mode));
  expect_eq(st.st_nlink, 0);
  expect_eq(st.st_mode & 0777, 0711);
  expect_eq(st.st_uid, 5);
  expect_errno(openat(dir, "file", O_CREAT | O_WRONLY, 0600), ENOENT);
  expect(strstr(fd_link(dir), "/gone (deleted)") != NULL);
  expect_errno(access("gone", F_OK), ENOENT);
  pass();
}
