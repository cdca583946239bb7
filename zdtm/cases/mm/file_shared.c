/* zdtm:
 * title: a shared file mapping and the file's descriptor still see each other's writes
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", 8 * PAGE_BYTES, 1);
  char* map = map_file(fd, 8 * PAGE_BYTES, MAP_SHARED, 0);
  char* part = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, 4 * PAGE_BYTES);
  fill_pattern(map, 8 * PAGE_BYTES, 2);

  test_daemon();
  test_waitsig();

  expect_file(fd, 8 * PAGE_BYTES, 2);
  expect(!check_pattern(map, 8 * PAGE_BYTES, 2));
  part[10] = 33;
  expect_eq(map[4 * PAGE_BYTES + 10], 33);
  char byte = 0;
  must(pread(fd, &byte, 1, 4 * PAGE_BYTES + 10));
  expect_eq(byte, 33);
  byte = 44;
  must(pwrite(fd, &byte, 1, 11));
  expect_eq(map[11], 44);
  pass();
}
