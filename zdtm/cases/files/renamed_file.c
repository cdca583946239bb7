/* zdtm:
 * title: open files that were renamed, moved to another directory, or had a parent directory renamed
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("dir", 0755));
  must(mkdir("dir/sub", 0755));
  int renamed = make_file("old", 100, 1), moved = make_file("here", 200, 2),
      below = make_file("dir/sub/file", 300, 3);
  must(rename("old", "new"));
  must(rename("here", "dir/there"));
  must(rename("dir", "folder"));
  close(make_file("old", 400, 4)); /* the old name leads to another file */

  test_daemon();
  test_waitsig();

  expect_file(renamed, 100, 1);
  expect_file(moved, 200, 2);
  expect_file(below, 300, 3);
  must(pwrite(renamed, "n", 1, 0));
  expect_read(must(open("new", O_RDONLY)), "n");
  expect(strstr(fd_link(below), "/folder/sub/file") != NULL);
  expect(strstr(fd_link(moved), "/folder/there") != NULL);
  expect(strstr(fd_link(renamed), "/new") != NULL);
  pass();
}
