/* zdtm:
 * title: mlock and mlock2(ONFAULT): flags, locked amount, and pages of the latter stay unpopulated
 * needs: cap:IPC_LOCK
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kPages = 64 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char *locked = map_private(kPages * PAGE_BYTES), *onfault = map_private(kPages * PAGE_BYTES);
  char* undone = map_private(kPages * PAGE_BYTES);
  small_pages_only(onfault, kPages * PAGE_BYTES);
  must(mlock(locked, kPages * PAGE_BYTES));
  must(mlock2(onfault, kPages * PAGE_BYTES, MLOCK_ONFAULT));
  must(mlock(undone, kPages * PAGE_BYTES));
  must(munlock(undone, kPages * PAGE_BYTES));
  fill_pattern(locked, 2 * PAGE_BYTES, 1);
  fill_pattern(onfault + 10 * PAGE_BYTES, PAGE_BYTES, 2);

  test_daemon();
  test_waitsig();

  expect(vma_has_flag(locked, "lo") && !vma_has_flag(locked, "lf"));
  expect(vma_has_flag(onfault, "lo"));
  expect(!vma_has_flag(undone, "lo"));
  expect_eq(must_vma(locked).locked_kb, kPages * PAGE_BYTES / 1024);
  expect_eq(must_vma(onfault).locked_kb, PAGE_BYTES / 1024);
  expect_eq(populated_pages(locked, kPages), kPages);
  expect_eq(populated_pages(onfault, kPages), 1);
  expect(!check_pattern(locked, 2 * PAGE_BYTES, 1));
  expect(!check_pattern(onfault + 10 * PAGE_BYTES, PAGE_BYTES, 2));
  pass();
}
