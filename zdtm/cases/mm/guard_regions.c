/* zdtm:
 * title: guard pages (MADV_GUARD_INSTALL) in private, shared and file memory still kill, their neighbours live
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "faulting.h"
#include "mapping.h"
#include "newer_kernel.h"
#include "pagemap.h"
#include "smaps.h"

enum { kKinds = 3, kPages = 8 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", kPages * PAGE_BYTES, 3);
  char* mem[kKinds] = {map_private(kPages * PAGE_BYTES), map_shared(kPages * PAGE_BYTES),
                       map_file(fd, kPages * PAGE_BYTES, MAP_PRIVATE, 0)};
  if (madvise(mem[0] + 2 * PAGE_BYTES, 2 * PAGE_BYTES, MADV_GUARD_INSTALL))
    skip("no guard regions in this kernel: %s", strerror(errno));
  int count = 1;
  for (int i = 1; i < kKinds; i++) /* 6.15 for other than anonymous memory */
    if (madvise(mem[i] + 2 * PAGE_BYTES, 2 * PAGE_BYTES, MADV_GUARD_INSTALL) == 0) count = i + 1;
  for (int i = 0; i < kKinds; i++) {
    fill_pattern(mem[i], PAGE_BYTES, i);
    fill_pattern(mem[i] + 4 * PAGE_BYTES, PAGE_BYTES, 10 + i);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kKinds; i++) {
    expect(!check_pattern(mem[i], PAGE_BYTES, i));
    expect(!check_pattern(mem[i] + 4 * PAGE_BYTES, PAGE_BYTES, 10 + i));
    if (i >= count) continue;
    expect_eq(access_signal(mem[i] + PAGE_BYTES, kReads), 0);
    expect_eq(access_signal(mem[i] + 2 * PAGE_BYTES, kReads), SIGSEGV);
    expect_eq(access_signal(mem[i] + 3 * PAGE_BYTES, kWrites), SIGSEGV);
    expect_eq(must_vma(mem[i]).start <= (uintptr_t)mem[i] &&
                  must_vma(mem[i]).end >= (uintptr_t)mem[i] + kPages * PAGE_BYTES,
              1);
    must(madvise(mem[i] + 2 * PAGE_BYTES, PAGE_BYTES, MADV_GUARD_REMOVE));
    expect_eq(access_signal(mem[i] + 2 * PAGE_BYTES, kReads), 0);
    expect_eq(access_signal(mem[i] + 3 * PAGE_BYTES, kReads), SIGSEGV);
  }
  pass();
}
