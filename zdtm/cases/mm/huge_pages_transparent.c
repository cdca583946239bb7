/* zdtm:
 * title: content under transparent huge pages, one of them with a hole, in an area with and one without advice
 */
#define _GNU_SOURCE
#include "check.h"
#include "hugetlb.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kHuge = 4 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* room = map_private((kHuge + 1) * HUGE_BYTES);
  char* mem = (char*)(((uintptr_t)room + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
  if (madvise(mem, 2 * HUGE_BYTES, MADV_HUGEPAGE)) skip("no transparent huge pages: %s", strerror(errno));
  fill_pattern(mem, 3 * HUGE_BYTES, 1);
  must(madvise(mem + HUGE_BYTES + 2 * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED)); /* splits the second one */

  test_daemon();
  test_waitsig();

  char* copy = map_private(3 * HUGE_BYTES);
  fill_pattern(copy, 3 * HUGE_BYTES, 1);
  memset(copy + HUGE_BYTES + 2 * PAGE_BYTES, 0, PAGE_BYTES);
  expect(memcmp(copy, mem, 3 * HUGE_BYTES) == 0);
  expect(vma_has_flag(mem, "hg"));
  expect(!vma_has_flag(mem + 2 * HUGE_BYTES, "hg") && !vma_has_flag(mem + 2 * HUGE_BYTES, "nh"));
  pass();
}
