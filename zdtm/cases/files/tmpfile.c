/* zdtm:
 * title: a file made by O_TMPFILE, which never had a name, and can be given one afterwards
 * compare: nofds - the kernel shows it by its inode number, which is another one now
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char path[64];
  test_init(argc, argv);
  int fd = open(".", O_RDWR | O_TMPFILE, 0640);
  if (fd < 0) skip("no O_TMPFILE in this file system: %s", strerror(errno));
  write_text(fd, "nameless");
  must(lseek(fd, 4, SEEK_SET));

  test_daemon();
  test_waitsig();

  expect_read(fd, "less");
  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_nlink, 0);
  expect_eq(st.st_mode & 07777, 0640);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  must(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  pass();
}
