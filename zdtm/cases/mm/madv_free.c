/* zdtm:
 * title: pages under MADV_FREE read as their old content or as zeros, and are lazily freeable memory again later
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 32 };

int main(int argc, char** argv) {
  static char zeros[1 << 16]; /* the largest page */
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  for (int i = 0; i < kPages; i++) fill_pattern(mem + i * PAGE_BYTES, PAGE_BYTES, i);
  must(madvise(mem, kPages / 2 * PAGE_BYTES, MADV_FREE));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kPages; i++) {
    char* page = mem + i * PAGE_BYTES;
    if (i < kPages / 2 && memcmp(page, zeros, PAGE_BYTES) == 0) continue;
    expect(!check_pattern(page, PAGE_BYTES, i));
  }
  must(madvise(mem, kPages * PAGE_BYTES, MADV_FREE)); /* EINVAL for memory that isn't anonymous */
  fill_pattern(mem, kPages * PAGE_BYTES, 99);
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 99));
  pass();
}
