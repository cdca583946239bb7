/* zdtm:
 * title: 20000 small mappings, with content of 80 MiB, the last of which has a NUMA policy of its own
 * needs: kernel>=5.10
 */
#define _GNU_SOURCE
#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kCount = 20000 };
static uint32_t* mem;
/* With large pages not all have content: it would be more than a gigabyte. */
#define kStep (PAGE_BYTES / 4096)
#define kWords (PAGE_BYTES / sizeof(uint32_t))

static int policy_at(void* at) {
  int mode = -1;
  must(syscall(SYS_get_mempolicy, &mode, NULL, 0, at, MPOL_F_ADDR));
  return mode;
}

static void check(void) {
  for (size_t i = 0; i < kCount; i += kStep) expect_eq(mem[i * kWords], (uint32_t)i * 7 + 1);
  expect_eq(policy_at(mem), MPOL_DEFAULT);
  expect_eq(policy_at(mem + (kCount - 1) * kWords), MPOL_INTERLEAVE);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  mem = (uint32_t*)map_private(kCount * PAGE_BYTES);
  unsigned long node = 1;
  for (int i = 0; i < kCount; i++) {
    if (i % kStep == 0) mem[i * kWords] = i * 7 + 1;
    if (i % 2) must(mprotect(mem + i * kWords, PAGE_BYTES, PROT_READ));
  }
  if (syscall(SYS_mbind, mem + (kCount - 1) * kWords, PAGE_BYTES, MPOL_INTERLEAVE, &node, 64, 0) != 0 && errno == ENOSYS)
    skip("this kernel has no NUMA");

  test_daemon();
  test_waitsig();

  check();
  pass();
}
