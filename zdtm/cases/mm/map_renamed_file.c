/* zdtm:
 * title: mappings of a file that was renamed, and of one whose old name is now another file
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("old", 2 * PAGE_BYTES, 1);
  char *shared = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, 0), *priv = map_file(fd, 2 * PAGE_BYTES, MAP_PRIVATE, 0);
  close(fd);
  must(rename("old", "new"));
  close(make_file("old", 2 * PAGE_BYTES, 2));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(shared, 2 * PAGE_BYTES, 1));
  expect(!check_pattern(priv, 2 * PAGE_BYTES, 1));
  size_t len = strlen(must_vma(priv).path);
  expect(strcmp(must_vma(priv).path + len - 4, "/new") == 0);
  fill_pattern(shared, 2 * PAGE_BYTES, 3);
  fd = must(open("new", O_RDONLY));
  expect_file(fd, 2 * PAGE_BYTES, 3);
  fd = must(open("old", O_RDONLY));
  expect_file(fd, 2 * PAGE_BYTES, 2);
  pass();
}
