/* zdtm:
 * title: file names with spaces, newlines, " (deleted)" at the end, bytes that aren't UTF-8, and very long ones
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

enum { kNames = 6 };

int main(int argc, char** argv) {
  static char longest[256];
  memset(longest, 'n', 255);
  const char* name[kNames] = {"a b", "a\nb", "file (deleted)", "\xff\xfe\x80", longest, "\\040tab\t"};
  int fd[kNames];
  test_init(argc, argv);
  for (int i = 0; i < kNames; i++) fd[i] = make_file(name[i], 100, i);
  int removed = make_file("gone (deleted)", 50, 50);
  must(unlink("gone (deleted)"));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kNames; i++) {
    struct stat mine, named;
    expect_file(fd[i], 100, i);
    must(fstat(fd[i], &mine));
    must(stat(name[i], &named));
    expect_eq(mine.st_ino, named.st_ino);
  }
  expect_file(removed, 50, 50);
  expect_errno(access("gone (deleted)", F_OK), ENOENT);
  pass();
}
