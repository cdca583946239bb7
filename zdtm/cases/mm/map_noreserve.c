/* zdtm:
 * title: MAP_NORESERVE mappings keep the flag, others don't get it
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* priv = map_anon(4 * PAGE_BYTES, MAP_PRIVATE | MAP_NORESERVE);
  char* shared = map_anon(4 * PAGE_BYTES, MAP_SHARED | MAP_NORESERVE);
  char *plain = map_isolated(4 * PAGE_BYTES), *plain_shared = map_shared(4 * PAGE_BYTES);
  fill_pattern(priv, 4 * PAGE_BYTES, 1);
  fill_pattern(shared, 4 * PAGE_BYTES, 2);
  int in_shared = vma_has_flag(shared, "nr");

  test_daemon();
  test_waitsig();

  expect(vma_has_flag(priv, "nr"));
  expect_eq(vma_has_flag(shared, "nr"), in_shared);
  expect(!vma_has_flag(plain, "nr"));
  expect(!vma_has_flag(plain_shared, "nr"));
  expect(vma_has_flag(plain, "ac"));
  expect(!check_pattern(priv, 4 * PAGE_BYTES, 1));
  expect(!check_pattern(shared, 4 * PAGE_BYTES, 2));
  pass();
}
