/* zdtm:
 * title: after mlockall(CURRENT|FUTURE|ONFAULT) new mappings are locked but not filled
 * needs: cap:IPC_LOCK
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* before = map_private(16 * PAGE_BYTES);
  before[0] = 1;
  must(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));

  test_daemon();
  test_waitsig();

  expect(vma_has_flag(before, "lo"));
  expect_eq(populated_pages(before, 16), 1);
  char* now = map_private(16 * PAGE_BYTES);
  expect(vma_has_flag(now, "lo"));
  expect_eq(populated_pages(now, 16), 0);
  pass();
}
