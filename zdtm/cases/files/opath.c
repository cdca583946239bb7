/* zdtm:
 * title: O_PATH descriptors of a file, a directory and a symbolic link itself
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  close(make_file("file", 10, 1));
  must(mkdir("dir", 0755));
  must(symlink("file", "link"));
  must(mkfifo("fifo", 0600));
  int file = must(open("file", O_PATH)), dir = must(open("dir", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int link = must(open("link", O_PATH | O_NOFOLLOW)), fifo = must(open("fifo", O_PATH));

  test_daemon();
  test_waitsig();

  struct stat st;
  char target[16] = "";
  expect(fcntl(file, F_GETFL) & O_PATH);
  expect_errno(read(file, target, 1), EBADF);
  must(fstat(file, &st));
  expect(S_ISREG(st.st_mode) && st.st_size == 10);
  must(fstat(link, &st));
  expect(S_ISLNK(st.st_mode));
  expect_eq(readlinkat(link, "", target, sizeof(target) - 1), 4);
  expect(strcmp(target, "file") == 0);
  must(fstat(fifo, &st));
  expect(S_ISFIFO(st.st_mode));
  must(mkdirat(dir, "below", 0755));
  must(access("dir/below", F_OK));
  expect_eq(fcntl(dir, F_GETFD), FD_CLOEXEC);
  pass();
}
