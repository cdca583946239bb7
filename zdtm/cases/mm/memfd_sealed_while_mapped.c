/* zdtm:
 * title: F_SEAL_FUTURE_WRITE with a writable mapping made before it: that mapping stays writable
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "newer_kernel.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(memfd_create("future", MFD_ALLOW_SEALING));
  must(ftruncate(fd, 2 * PAGE_BYTES));
  char* map = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, 0);
  fill_pattern(map, 2 * PAGE_BYTES, 1);
  must(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK));

  test_daemon();
  test_waitsig();

  expect_file(fd, 2 * PAGE_BYTES, 1);
  expect_eq(fcntl(fd, F_GET_SEALS), F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK);
  fill_pattern(map, 2 * PAGE_BYTES, 2);
  expect_file(fd, 2 * PAGE_BYTES, 2);
  expect_errno(mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
  pass();
}
