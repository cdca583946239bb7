/* zdtm:
 * title: /dev/null, zero, full, random and urandom, with their flags
 */
#define _GNU_SOURCE
#include <sys/sysmacros.h>

#include "check.h"
#include "descriptors.h"

static const struct node {
  const char* path;
  int flags, minor;
} kNodes[] = {
    {"/dev/null", O_RDWR | O_NONBLOCK, 3},     {"/dev/zero", O_RDONLY, 5},    {"/dev/full", O_RDWR | O_APPEND, 7},
    {"/dev/random", O_RDONLY | O_NONBLOCK, 8}, {"/dev/urandom", O_RDONLY, 9},
};
enum { kCount = sizeof(kNodes) / sizeof(kNodes[0]) };

int main(int argc, char** argv) {
  int fd[kCount], flags[kCount];
  char bytes[32], zeros[32] = {0};
  test_init(argc, argv);
  for (int i = 0; i < kCount; i++) {
    fd[i] = must(open(kNodes[i].path, kNodes[i].flags));
    flags[i] = must(fcntl(fd[i], F_GETFL));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    struct stat st;
    must(fstat(fd[i], &st));
    expect(S_ISCHR(st.st_mode) && major(st.st_rdev) == 1);
    expect_eq(minor(st.st_rdev), kNodes[i].minor);
    expect_eq(fcntl(fd[i], F_GETFL), flags[i]);
    expect(strcmp(fd_link(fd[i]), kNodes[i].path) == 0);
  }
  expect_eq(read(fd[0], bytes, 1), 0);
  expect_eq(write(fd[0], bytes, 1), 1);
  expect_eq(read(fd[1], bytes, sizeof(bytes)), sizeof(bytes));
  expect(memcmp(bytes, zeros, sizeof(bytes)) == 0);
  expect_errno(write(fd[2], bytes, 1), ENOSPC);
  expect_eq(read(fd[4], bytes, sizeof(bytes)), sizeof(bytes));
  expect(memcmp(bytes, zeros, sizeof(bytes)) != 0);
  pass();
}
