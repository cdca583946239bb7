/* zdtm:
 * title: executable and non-executable memfds: mode bits and the seal on them
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "check.h"
#include "descriptors.h"
#include "newer_kernel.h"

static mode_t mode_of(int fd) {
  struct stat st;
  must(fstat(fd, &st));
  return st.st_mode & 07777;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int noexec = memfd_create("noexec", MFD_NOEXEC_SEAL);
  if (noexec < 0) skip("no MFD_NOEXEC_SEAL in this kernel: %s", strerror(errno));
  int exec = must(memfd_create("exec", MFD_EXEC));
  int chmodded = must(memfd_create("chmodded", MFD_EXEC));
  must(fchmod(chmodded, 0640));
  must(fchown(chmodded, 12, 34));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(chmodded, &st));
  expect_eq(st.st_uid, 12);
  expect_eq(st.st_gid, 34);
  expect_eq(mode_of(chmodded), 0640);
  expect_eq(mode_of(noexec), 0666);
  expect_eq(mode_of(exec), 0777);
  expect_eq(fcntl(noexec, F_GET_SEALS), F_SEAL_EXEC);
  expect_errno(fchmod(noexec, 0777), EPERM);
  must(fchmod(exec, 0666));
  pass();
}
