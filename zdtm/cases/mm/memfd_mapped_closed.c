/* zdtm:
 * title: a memfd whose descriptor is closed lives on in its mappings, with the size and the name it had
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(memfd_create("closed", MFD_CLOEXEC));
  must(ftruncate(fd, 16 * PAGE_BYTES));
  char* map = map_file(fd, 4 * PAGE_BYTES, MAP_SHARED, 2 * PAGE_BYTES);
  char* twin = map_file(fd, 4 * PAGE_BYTES, MAP_SHARED, 4 * PAGE_BYTES);
  fill_pattern(map, 4 * PAGE_BYTES, 1);
  close(fd);

  test_daemon();
  test_waitsig();

  struct vma v = must_vma(map);
  expect(!check_pattern(map, 4 * PAGE_BYTES, 1));
  expect(memcmp(twin, map + 2 * PAGE_BYTES, 2 * PAGE_BYTES) == 0);
  expect_eq(v.offset, 2 * PAGE_BYTES);
  expect(strcmp(v.path, "/memfd:closed (deleted)") == 0);
  /* The object still reaches behind both mappings. */
  map = must(mremap(map, 4 * PAGE_BYTES, 14 * PAGE_BYTES, MREMAP_MAYMOVE));
  map[13 * PAGE_BYTES] = 1;
  pass();
}
