/* zdtm:
 * title: after mlockall(MCL_FUTURE) a mapping made after the restore is locked too; older ones aren't
 * needs: cap:IPC_LOCK
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* before = map_private(4 * PAGE_BYTES);
  must(mlockall(MCL_FUTURE));
  char* after = map_private(4 * PAGE_BYTES);

  test_daemon();
  test_waitsig();

  expect(!vma_has_flag(before, "lo"));
  expect(vma_has_flag(after, "lo"));
  char* now = map_private(5 * PAGE_BYTES);
  expect(vma_has_flag(now, "lo"));
  expect_eq(populated_pages(now, 5), 5);
  must(munlockall());
  expect(!vma_has_flag(after, "lo"));
  pass();
}
