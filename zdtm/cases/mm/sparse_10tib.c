/* zdtm:
 * title: a sparse mapping of 10 TiB with three pages in it costs neither memory nor time (by PAGEMAP_SCAN)
 * needs: kernel>=6.7
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

#define SPAN (10ul << 40)

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mem == MAP_FAILED) skip("no room for such a mapping: %s", strerror(errno));
  must(madvise(mem, SPAN, MADV_NOHUGEPAGE)); /* so that three pages touched are three pages used */
  char* at[] = {mem, mem + SPAN / 3 / PAGE_BYTES * PAGE_BYTES, mem + SPAN - PAGE_BYTES};
  for (int i = 0; i < 3; i++) fill_pattern(at[i], PAGE_BYTES, i);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 3; i++) expect(!check_pattern(at[i], PAGE_BYTES, i));
  expect_eq(must_vma(mem).rss_kb, 3 * PAGE_BYTES / 1024);
  expect_eq(must_vma(mem).end - (uintptr_t)mem, SPAN);
  mem[SPAN / 2] = 1;
  pass();
}
