/* zdtm:
 * title: a shared anonymous mapping of 256 GiB with a page at each end
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

#define SPAN (256ul << 30)

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mem == MAP_FAILED) skip("no room for such a mapping: %s", strerror(errno));
  fill_pattern(mem, PAGE_BYTES, 1);
  fill_pattern(mem + SPAN - PAGE_BYTES, PAGE_BYTES, 2);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, PAGE_BYTES, 1));
  expect(!check_pattern(mem + SPAN - PAGE_BYTES, PAGE_BYTES, 2));
  expect_eq(must_vma(mem).rss_kb, 2 * PAGE_BYTES / 1024);
  expect(vma_has_flag(mem, "nr"));
  expect_eq(mem[SPAN / 2], 0);
  pass();
}
