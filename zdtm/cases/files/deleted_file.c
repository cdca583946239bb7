/* zdtm:
 * title: a removed file lives on in its descriptor: content, position, owner, mode, times, name in /proc
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

enum { kBytes = 300001 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("ghost", kBytes, 1);
  must(fchown(fd, 123, 456));
  must(fchmod(fd, 04751));
  struct timespec times[2] = {{1000000000, 123456789}, {1100000000, 987654321}};
  must(futimens(fd, times));
  must(lseek(fd, 1000, SEEK_SET));
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_nlink, 0);
  expect_eq(st.st_uid, 123);
  expect_eq(st.st_gid, 456);
  expect_eq(st.st_mode, S_IFREG | 04751);
  expect_eq(st.st_mtim.tv_sec, 1100000000);
  expect_eq(st.st_mtim.tv_nsec, 987654321);
  expect_eq(lseek(fd, 0, SEEK_CUR), 1000);
  expect_file(fd, kBytes, 1);
  expect(strstr(fd_link(fd), "/ghost (deleted)") != NULL);
  expect_errno(access("ghost", F_OK), ENOENT);
  must(ftruncate(fd, 10));
  pass();
}
