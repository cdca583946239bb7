/* zdtm:
 * title: seals of memfds: each kind, none, and F_SEAL_SEAL
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "newer_kernel.h"
#include "pagemap.h"

static const int kSeals[] = {
    0,
    F_SEAL_SHRINK,
    F_SEAL_GROW,
    F_SEAL_WRITE,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL,
};
enum { kFiles = sizeof(kSeals) / sizeof(kSeals[0]) };

int main(int argc, char** argv) {
  int fd[kFiles];
  test_init(argc, argv);
  for (int i = 0; i < kFiles; i++) {
    char page[PAGE_BYTES];
    fd[i] = must(memfd_create("sealed", MFD_ALLOW_SEALING));
    fill_pattern(page, sizeof(page), i);
    must(write(fd[i], page, sizeof(page)));
    must(fcntl(fd[i], F_ADD_SEALS, kSeals[i]));
  }
  int unsealable = must(memfd_create("unsealable", 0)); /* born with F_SEAL_SEAL */

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kFiles; i++) {
    expect_file(fd[i], PAGE_BYTES, i);
    expect_eq(fcntl(fd[i], F_GET_SEALS), kSeals[i]);
    if (kSeals[i] & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) expect_errno(pwrite(fd[i], "x", 1, 0), EPERM);
    if (kSeals[i] & F_SEAL_SHRINK) expect_errno(ftruncate(fd[i], 1), EPERM);
    if (kSeals[i] & F_SEAL_GROW) expect_errno(ftruncate(fd[i], 2 * PAGE_BYTES), EPERM);
    if (kSeals[i] & F_SEAL_SEAL) expect_errno(fcntl(fd[i], F_ADD_SEALS, F_SEAL_GROW), EPERM);
  }
  expect_eq(fcntl(unsealable, F_GET_SEALS), F_SEAL_SEAL);
  must(ftruncate(fd[0], 2 * PAGE_BYTES));
  must(fcntl(fd[0], F_ADD_SEALS, F_SEAL_GROW));
  pass();
}
