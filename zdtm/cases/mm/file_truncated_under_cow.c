/* zdtm:
 * title: private mapping of a file that was cut short and grew again: written page gone, clean page new
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", 8 * PAGE_BYTES, 1);
  char* map = map_file(fd, 8 * PAGE_BYTES, MAP_PRIVATE, 0);
  map[0] = 5;
  map[6 * PAGE_BYTES] = 6;
  /* Cutting the file also takes away the private copies of the pages behind the cut. */
  must(ftruncate(fd, 4 * PAGE_BYTES));

  test_daemon();
  test_waitsig();

  expect_eq(map[0], 5);
  expect_eq(access_signal(map + 6 * PAGE_BYTES, kReads), SIGBUS);
  must(ftruncate(fd, 8 * PAGE_BYTES));
  expect_eq(map[6 * PAGE_BYTES], 0);
  pass();
}
