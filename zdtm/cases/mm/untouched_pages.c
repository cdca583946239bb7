/* zdtm:
 * title: pages never touched stay unpopulated: private, shared and file mappings cost no memory by a restore
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kPages = 2048 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", 64 * PAGE_BYTES, 1);
  char* priv = map_private(kPages * PAGE_BYTES);
  must(madvise(priv, kPages * PAGE_BYTES, MADV_NOHUGEPAGE)); /* one touch would populate 512 */
  char* shared = map_shared(kPages * PAGE_BYTES);
  char* file = map_file(fd, 64 * PAGE_BYTES, MAP_PRIVATE, 0);
  priv[700 * PAGE_BYTES] = 1;
  shared[1300 * PAGE_BYTES] = 2;

  test_daemon();
  test_waitsig();

  expect_eq(populated_pages(priv, kPages), 1);
  expect_eq(populated_pages(file, 64), 0);
  /* mincore looks at the object behind a shared mapping, so it also sees pages that a restore wrote by a descriptor.
   */
  unsigned char resident[kPages];
  must(mincore(shared, kPages * PAGE_BYTES, resident));
  for (int i = 0; i < kPages; i++) expect_eq(resident[i] & 1, i == 1300);
  expect_eq(priv[700 * PAGE_BYTES], 1);
  expect_eq(shared[1300 * PAGE_BYTES], 2);
  pass();
}
