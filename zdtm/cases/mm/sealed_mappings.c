/* zdtm:
 * title: mappings under mseal can't be unmapped or changed after the restore either, their neighbours can
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"
#include "mapping.h"
#include "newer_kernel.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(8 * PAGE_BYTES);
  fill_pattern(mem, 8 * PAGE_BYTES, 1);
  must(mprotect(mem + 2 * PAGE_BYTES, PAGE_BYTES, PROT_READ));
  if (syscall(SYS_mseal, mem + 2 * PAGE_BYTES, 2 * PAGE_BYTES, 0))
    skip("no mseal in this kernel: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 8 * PAGE_BYTES, 1));
  expect_errno(munmap(mem + 2 * PAGE_BYTES, PAGE_BYTES), EPERM);
  expect_errno(mprotect(mem + 2 * PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE), EPERM);
  expect_errno(mprotect(mem + 3 * PAGE_BYTES, PAGE_BYTES, PROT_NONE), EPERM);
  mem[3 * PAGE_BYTES]++;
  must(mprotect(mem + 4 * PAGE_BYTES, PAGE_BYTES, PROT_READ));
  must(munmap(mem, 2 * PAGE_BYTES));
  pass();
}
