/* zdtm:
 * title: memory that was only read maps the kernel's zero page; a restore gives it no frames of its own
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kPages = 1024 };

int main(int argc, char** argv) {
  int sum = 0;
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  must(madvise(mem, kPages * PAGE_BYTES, MADV_NOHUGEPAGE)); /* the huge zero page is another story */
  for (int i = 0; i < kPages; i++) sum += mem[i * PAGE_BYTES];
  expect_eq(sum, 0);
  /* The zero page doesn't count. Some hypervisors' guests do without it. */
  if (must_vma(mem).rss_kb != 0) skip("this kernel gives memory that is only read frames of its own");

  test_daemon();
  test_waitsig();

  expect_eq(must_vma(mem).rss_kb, 0);
  for (size_t i = 0; i < kPages * PAGE_BYTES; i++) sum |= mem[i];
  expect_eq(sum, 0);
  mem[0] = 1;
  pass();
}
