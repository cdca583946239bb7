/* zdtm:
 * title: a mapping at the lowest address that a program may use (vm.mmap_min_addr)
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "check.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  unsigned long lowest = 0;
  test_init(argc, argv);
  FILE* f = fopen("/proc/sys/vm/mmap_min_addr", "re");
  if (!f || fscanf(f, "%lu", &lowest) != 1) skip("mmap_min_addr can't be read");
  fclose(f);
  if (lowest == 0) lowest = PAGE_BYTES; /* page 0 itself would make null pointers valid in this very program */
  char* mem = mmap((void*)lowest, 4 * PAGE_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mem == MAP_FAILED) skip("cannot map at %#lx: %s", lowest, strerror(errno));
  fill_pattern(mem, 4 * PAGE_BYTES, 1);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 4 * PAGE_BYTES, 1));
  must(munmap(mem, 4 * PAGE_BYTES));
  pass();
}
