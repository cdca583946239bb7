/* zdtm:
 * title: pages moved away by MREMAP_DONTUNMAP: the new place has the content, the old one is empty but mapped
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 8 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* old = map_private(kPages * PAGE_BYTES);
  fill_pattern(old, kPages * PAGE_BYTES, 1);
  char* now = mremap(old, kPages * PAGE_BYTES, kPages * PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  if (now == MAP_FAILED) skip("no MREMAP_DONTUNMAP: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(now, kPages * PAGE_BYTES, 1));
  expect_eq(populated_pages(old, kPages), 0);
  expect_eq(old[PAGE_BYTES], 0);
  fill_pattern(old, kPages * PAGE_BYTES, 2);
  expect(!check_pattern(now, kPages * PAGE_BYTES, 1));
  pass();
}
