/* zdtm:
 * title: the same file mapped 100 times at many offsets, private and shared in turn
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

enum { kMaps = 100 };

int main(int argc, char** argv) {
  char* map[kMaps];
  test_init(argc, argv);
  int fd = make_file("file", (kMaps + 2) * PAGE_BYTES, 1);
  for (int i = 0; i < kMaps; i++) {
    map[i] = map_file(fd, 2 * PAGE_BYTES, i % 2 ? MAP_SHARED : MAP_PRIVATE, i * PAGE_BYTES);
    if (i % 2 == 0) map[i][0] = i; /* private: seen here only */
  }

  test_daemon();
  test_waitsig();

  expect_file(fd, (kMaps + 2) * PAGE_BYTES, 1);
  for (int i = 0; i < kMaps; i++) {
    expect_eq(must_vma(map[i]).offset, i * PAGE_BYTES);
    if (i % 2 == 0) expect_eq(map[i][0], i);
  }
  map[51][PAGE_BYTES] = 123; /* page 52 of the file */
  char byte = 0;
  must(pread(fd, &byte, 1, 52 * PAGE_BYTES));
  expect_eq(byte, 123);
  expect_eq(map[52][0], 52);
  pass();
}
