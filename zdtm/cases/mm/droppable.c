/* zdtm:
 * title: a MAP_DROPPABLE mapping is still one; its pages, which may hold the state of a random number generator, are dropped
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "newer_kernel.h"
#include "pagemap.h"
#include "proc.h"
#include "smaps.h"

enum { kPages = 8 };

int main(int argc, char** argv) {
  static char zeros[1 << 16]; /* the largest page */
  test_init(argc, argv);
  char* mem = mmap(NULL, kPages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);
  if (mem == MAP_FAILED) skip("no MAP_DROPPABLE in this kernel: %s", strerror(errno));
  for (int i = 0; i < kPages; i++) fill_pattern(mem + i * PAGE_BYTES, PAGE_BYTES, i);
  char before[256], *flags = strcpy(before, must_vma(mem).flags);
  long long born = proc_stat_field(getpid(), 22);

  test_daemon();
  test_waitsig();

  expect(strcmp(must_vma(mem).flags, flags) == 0);
  int restored = proc_stat_field(getpid(), 22) != born;
  for (int i = 0; i < kPages; i++) { /* the kernel may drop a page whenever memory is short */
    if (!memcmp(mem + i * PAGE_BYTES, zeros, PAGE_BYTES)) continue;
    expect(!restored);
    expect(!check_pattern(mem + i * PAGE_BYTES, PAGE_BYTES, i));
  }
  /* Such memory is never locked: the kernel passes it over without an error. */
  mlock(mem, PAGE_BYTES);
  expect(!vma_has_flag(mem, "lo"));
  pass();
}
