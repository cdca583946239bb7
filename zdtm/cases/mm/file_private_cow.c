/* zdtm:
 * title: a private file mapping keeps its written pages; its clean pages still follow the file
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 16 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", kPages * PAGE_BYTES, 1);
  char* map = map_file(fd, kPages * PAGE_BYTES, MAP_PRIVATE, 0);
  fill_pattern(map + 3 * PAGE_BYTES, 2 * PAGE_BYTES, 77);
  expect(map[10 * PAGE_BYTES] != 0); /* read, so present but clean */

  test_daemon();
  test_waitsig();

  expect(!check_pattern(map, 3 * PAGE_BYTES, 1));
  expect(!check_pattern(map + 3 * PAGE_BYTES, 2 * PAGE_BYTES, 77));
  expect_file(fd, kPages * PAGE_BYTES, 1);
  char other = 42;
  must(pwrite(fd, &other, 1, 10 * PAGE_BYTES + 5));
  expect_eq(map[10 * PAGE_BYTES + 5], 42);
  must(pwrite(fd, &other, 1, 3 * PAGE_BYTES));
  expect(!check_pattern(map + 3 * PAGE_BYTES, 2 * PAGE_BYTES, 77));
  pass();
}
