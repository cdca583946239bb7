/* zdtm:
 * title: flags of a deleted file and a deleted directory that chattr(1) sets
 * compare: nofds - the kernel shows a file without a name by its inode number
 */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "check.h"
#include "descriptors.h"

enum { kFile = 77, kDirectory, kPlain, kTmpfile };
enum { kKept = FS_SYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL };

static int flags_of(int fd) {
  int flags = 0;
  must(ioctl(fd, FS_IOC_GETFLAGS, &flags));
  return flags & kKept;
}

static void add_flags(int fd, int wanted) {
  int flags = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags)) skip("no flags here: %s", strerror(errno));
  flags |= wanted;
  if (ioctl(fd, FS_IOC_SETFLAGS, &flags)) skip("no flags here: %s", strerror(errno));
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  move_fd(make_file("file", 10, 1), kFile);
  add_flags(kFile, FS_NODUMP_FL | FS_NOATIME_FL);
  must(mkdir("directory", 0700));
  move_fd(must(open("directory", O_RDONLY | O_DIRECTORY)), kDirectory);
  add_flags(kDirectory, FS_NODUMP_FL);
  move_fd(make_file("plain", 10, 2), kPlain);
  int tmpfile = open(".", O_TMPFILE | O_RDWR, 0600);
  if (tmpfile >= 0) {
    move_fd(tmpfile, kTmpfile);
    add_flags(kTmpfile, FS_NOATIME_FL);
  }
  must(unlink("file"));
  must(unlink("plain"));
  must(rmdir("directory"));

  test_daemon();
  test_waitsig();

  expect_file(kFile, 10, 1);
  expect_eq(flags_of(kFile), FS_NODUMP_FL | FS_NOATIME_FL);
  expect_eq(flags_of(kDirectory), FS_NODUMP_FL);
  expect_eq(flags_of(kPlain), 0);
  if (tmpfile >= 0) expect_eq(flags_of(kTmpfile), FS_NOATIME_FL);
  pass();
}
