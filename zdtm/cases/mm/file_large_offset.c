/* zdtm:
 * title: mappings far inside a sparse file: offsets beyond 4 GiB and 2 TiB
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

static const off_t kOffsets[] = {(4ll << 30) - 65536, 5ll << 30, 2ll << 40};
enum { kCount = sizeof(kOffsets) / sizeof(kOffsets[0]) };

int main(int argc, char** argv) {
  char *shared[kCount], *priv[kCount];
  test_init(argc, argv);
  int fd = make_file("sparse", 0, 0);
  if (ftruncate(fd, 3ll << 40)) skip("no file of 3 TiB here: %s", strerror(errno));
  for (int i = 0; i < kCount; i++) {
    shared[i] = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, kOffsets[i]);
    priv[i] = map_file(fd, 2 * PAGE_BYTES, MAP_PRIVATE, kOffsets[i]);
    fill_pattern(shared[i], 2 * PAGE_BYTES, i);
    fill_pattern(priv[i], PAGE_BYTES, 10 + i);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    char page[PAGE_BYTES];
    expect_eq(must_vma(shared[i]).offset, kOffsets[i]);
    expect(!check_pattern(shared[i], 2 * PAGE_BYTES, i));
    expect(!check_pattern(priv[i], PAGE_BYTES, 10 + i));
    expect(memcmp(priv[i] + PAGE_BYTES, shared[i] + PAGE_BYTES, PAGE_BYTES) == 0);
    expect_eq(pread(fd, page, sizeof(page), kOffsets[i]), sizeof(page));
    expect(!check_pattern(page, sizeof(page), i));
  }
  pass();
}
