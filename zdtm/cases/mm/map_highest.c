/* zdtm:
 * title: a mapping at the very top of the address space, above the stack
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

/* The last page that can be had with 47 bits; the one behind it is kept free by the kernel. */
#define TOP ((1ul << 47) - 2 * 4096)

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem =
      mmap((void*)TOP, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mem == MAP_FAILED) skip("cannot map at %#lx: %s", TOP, strerror(errno));
  fill_pattern(mem, PAGE_BYTES, 1);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, PAGE_BYTES, 1));
  pass();
}
