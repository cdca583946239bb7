/* zdtm:
 * title: a private mapping longer than its file: bytes after the end are zero, pages after it raise SIGBUS
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", PAGE_BYTES + 100, 1);
  char* map = map_file(fd, 4 * PAGE_BYTES, MAP_PRIVATE, 0);
  map[PAGE_BYTES + 200] = 9; /* in the last page, behind the end of the file */

  test_daemon();
  test_waitsig();

  expect(!check_pattern(map, PAGE_BYTES + 100, 1));
  expect_eq(map[PAGE_BYTES + 200], 9);
  expect_eq(map[PAGE_BYTES + 201], 0);
  expect_eq(access_signal(map + 2 * PAGE_BYTES, kReads), SIGBUS);
  must(ftruncate(fd, 4 * PAGE_BYTES));
  expect_eq(access_signal(map + 2 * PAGE_BYTES, kReads), 0);
  pass();
}
