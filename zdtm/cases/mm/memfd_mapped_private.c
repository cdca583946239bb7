/* zdtm:
 * title: a memfd mapped private: written pages are the mapping's own, clean ones follow the memfd
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(memfd_create("private", 0));
  must(ftruncate(fd, 4 * PAGE_BYTES));
  char* shared = map_file(fd, 4 * PAGE_BYTES, MAP_SHARED, 0);
  fill_pattern(shared, 4 * PAGE_BYTES, 1);
  char* priv = map_file(fd, 4 * PAGE_BYTES, MAP_PRIVATE, 0);
  fill_pattern(priv, PAGE_BYTES, 2);
  must(munmap(shared, 4 * PAGE_BYTES));

  test_daemon();
  test_waitsig();

  expect_file(fd, 4 * PAGE_BYTES, 1);
  expect(!check_pattern(priv, PAGE_BYTES, 2));
  char byte = 99;
  must(pwrite(fd, &byte, 1, 3 * PAGE_BYTES));
  must(pwrite(fd, &byte, 1, 0));
  expect_eq(priv[3 * PAGE_BYTES], 99);
  expect(!check_pattern(priv, PAGE_BYTES, 2));
  pass();
}
