/* zdtm:
 * title: a removed file whose name now belongs to another file, which is open as well
 * compare: nofds - the name is taken, so the removed ones come back under another one and are removed again
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int fd[4];
  test_init(argc, argv);
  for (int i = 0; i < 4; i++) { /* three removed ones of the same name, and the living one */
    fd[i] = make_file("name", 1000 + i, i);
    if (i < 3) must(unlink("name"));
  }

  test_daemon();
  test_waitsig();

  struct stat st, named;
  for (int i = 0; i < 4; i++) {
    expect_file(fd[i], 1000 + i, i);
    must(fstat(fd[i], &st));
    expect_eq(st.st_nlink, i == 3);
  }
  must(stat("name", &named));
  expect_eq(named.st_ino, st.st_ino);
  pass();
}
