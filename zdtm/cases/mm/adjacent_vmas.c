/* zdtm:
 * title: neighbouring mappings of different kinds and flags keep their borders
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kAreas = 7, kPages = 3 };

int main(int argc, char** argv) {
  char* area[kAreas];
  test_init(argc, argv);
  int fd = make_file("file", 8 * PAGE_BYTES, 9);
  char* mem = map_isolated(kAreas * kPages * PAGE_BYTES);
  for (int i = 0; i < kAreas; i++) area[i] = mem + i * kPages * PAGE_BYTES;
  const size_t kLen = kPages * PAGE_BYTES;
  must(mmap(area[1], kLen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  must(mmap(area[2], kLen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
  must(mmap(area[3], kLen, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE_BYTES));
  must(mmap(area[4], kLen, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));
  must(madvise(area[5], kLen, MADV_DONTDUMP));
  for (int i = 0; i < kAreas; i++) fill_pattern(area[i], kLen, i);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kAreas; i++) {
    struct vma v = must_vma(area[i]);
    expect_eq(v.start, (uintptr_t)area[i]);
    expect_eq(v.end - v.start, kLen);
    expect_eq(v.perms[3], i == 1 || i == 2 ? 's' : 'p');
    expect(!check_pattern(area[i], kLen, i));
  }
  expect_eq(must_vma(area[3]).offset, 3 * PAGE_BYTES);
  expect(vma_has_flag(area[4], "nr") && !vma_has_flag(area[5], "nr"));
  expect(vma_has_flag(area[5], "dd") && !vma_has_flag(area[6], "dd"));
  pass();
}
