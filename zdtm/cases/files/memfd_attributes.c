/* zdtm:
 * title: times and extended attributes of memfds, also of a sealed one; pages that were reserved
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/xattr.h>

#include "check.h"
#include "descriptors.h"

enum { kPlain = 77, kSealed, kReserved, kSparse };
enum { kSize = 1 << 20 };

static void make(int number, int seals) {
  const struct timespec times[2] = {{-1000, 999999999}, {2000000000, 123456789}};
  move_fd(must(memfd_create("attributes", MFD_ALLOW_SEALING)), number);
  write_text(number, "content");
  if (fsetxattr(number, "user.one", "value", 5, 0)) test_msg("no user attributes here: %s\n", strerror(errno));
  if (seals) must(fcntl(number, F_ADD_SEALS, seals));
  must(futimens(number, times));
}

static void check(int number, int has_user) {
  char value[16];
  struct stat st;
  must(fstat(number, &st));
  expect_eq(st.st_atim.tv_sec, -1000);
  expect_eq(st.st_atim.tv_nsec, 999999999);
  expect_eq(st.st_mtim.tv_sec, 2000000000);
  expect_eq(st.st_mtim.tv_nsec, 123456789);
  if (!has_user) return;
  expect_eq(fgetxattr(number, "user.one", value, sizeof(value)), 5);
  expect(memcmp(value, "value", 5) == 0);
}

int main(int argc, char** argv) {
  char value[16];
  struct stat reserved, now;
  test_init(argc, argv);
  make(kPlain, 0);
  make(kSealed, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
  const int has_user = fgetxattr(kPlain, "user.one", value, sizeof(value)) == 5;
  const int has_trusted = fsetxattr(kPlain, "trusted.two", "", 0, 0) == 0;
  check(kPlain, has_user);
  move_fd(must(memfd_create("reserved", 0)), kReserved);
  expect_eq(posix_fallocate(kReserved, 0, kSize), 0);
  move_fd(must(memfd_create("sparse", 0)), kSparse);
  must(ftruncate(kSparse, kSize));
  must(fstat(kReserved, &reserved));
  expect(reserved.st_blocks * 512 >= kSize);

  test_daemon();
  test_waitsig();

  check(kPlain, has_user);
  check(kSealed, has_user);
  if (has_trusted) expect_eq(fgetxattr(kPlain, "trusted.two", value, sizeof(value)), 0);
  expect_errno(fgetxattr(kSealed, "trusted.two", value, sizeof(value)), ENODATA);
  must(fstat(kReserved, &now));
  expect_eq(now.st_blocks, reserved.st_blocks);
  must(fstat(kSparse, &now));
  expect_eq(now.st_blocks, 0);
  expect_eq(now.st_size, kSize);
  pass();
}
