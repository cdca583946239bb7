/* zdtm:
 * title: the name that was opened is gone, another hard link remains: both still are one file
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("other", 0755));
  int fd = make_file("opened", 5000, 1);
  must(link("opened", "other/remains"));
  must(unlink("opened"));

  test_daemon();
  test_waitsig();

  struct stat st, remaining;
  must(fstat(fd, &st));
  must(stat("other/remains", &remaining));
  expect_eq(st.st_ino, remaining.st_ino);
  expect_eq(st.st_nlink, 1);
  expect_errno(access("opened", F_OK), ENOENT);
  expect_file(fd, 5000, 1);
  must(pwrite(fd, "new", 3, 0));
  int again = must(open("other/remains", O_RDONLY));
  expect_read(again, "new");
  expect(strstr(fd_link(fd), "/opened (deleted)") != NULL);
  pass();
}
