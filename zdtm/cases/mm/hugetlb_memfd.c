/* zdtm:
 * title: a memfd of huge pages: size, seals, content seen by mapping and by descriptor
 */
#define _GNU_SOURCE
#include <linux/memfd.h>

#include "check.h"
#include "descriptors.h"
#include "hugetlb.h"
#include "mapping.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  need_huge_pages();
  int fd = must(memfd_create("huge", MFD_HUGETLB | MFD_HUGE_2MB | MFD_ALLOW_SEALING));
  must(ftruncate(fd, 2 * HUGE_BYTES));
  char* mem = map_file(fd, 2 * HUGE_BYTES, MAP_SHARED, 0);
  fill_pattern(mem + HUGE_BYTES, HUGE_BYTES, 1);
  must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_size, 2 * HUGE_BYTES);
  expect_eq(st.st_blksize, HUGE_BYTES);
  expect_eq(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK);
  expect_eq(must_vma(mem).page_kb, HUGE_BYTES / 1024);
  expect(!check_pattern(mem + HUGE_BYTES, HUGE_BYTES, 1));
  mem[HUGE_BYTES] = 99;
  char byte = 0;
  must(pread(fd, &byte, 1, HUGE_BYTES));
  expect_eq(byte, 99);
  pass();
}
