/* zdtm:
 * title: pages that were written with zeros, or given back by MADV_DONTNEED, read as zeros
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 64 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  small_pages_only(mem, kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  memset(mem + 8 * PAGE_BYTES, 0, 8 * PAGE_BYTES);
  must(madvise(mem + 32 * PAGE_BYTES, 8 * PAGE_BYTES, MADV_DONTNEED));

  test_daemon();
  test_waitsig();

  for (size_t i = 0; i < 8 * PAGE_BYTES; i++) expect(mem[8 * PAGE_BYTES + i] == 0);
  expect_eq(populated_pages(mem + 32 * PAGE_BYTES, 8), 0);
  for (size_t i = 0; i < 8 * PAGE_BYTES; i++) expect(mem[32 * PAGE_BYTES + i] == 0);
  memset(mem + 8 * PAGE_BYTES, 1, 8 * PAGE_BYTES);
  /* What is given back now must be zeros too: restored memory is truly anonymous, not a map of an image. */
  must(madvise(mem, kPages * PAGE_BYTES, MADV_DONTNEED));
  for (size_t i = 0; i < kPages * PAGE_BYTES; i++) expect(mem[i] == 0);
  pass();
}
