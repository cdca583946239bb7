/* zdtm:
 * title: content of a shared anonymous object that no mapping shows at the moment comes back by mremap
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 8 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_shared(kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  mem = must(mremap(mem, kPages * PAGE_BYTES, 2 * PAGE_BYTES, 0));

  test_daemon();
  test_waitsig();

  mem = must(mremap(mem, 2 * PAGE_BYTES, kPages * PAGE_BYTES, MREMAP_MAYMOVE));
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 1));
  pass();
}
