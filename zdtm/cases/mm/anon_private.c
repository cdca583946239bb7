/* zdtm:
 * title: private anonymous memory keeps its content, page by page, and stays private
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 512 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  small_pages_only(mem, kPages * PAGE_BYTES);
  /* Every third page only, each with a content of its own. */
  for (int i = 0; i < kPages; i += 3) fill_pattern(mem + i * PAGE_BYTES, PAGE_BYTES, i);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kPages; i++) expect_eq(page_populated(mem + i * PAGE_BYTES), i % 3 == 0);
  for (int i = 0; i < kPages; i += 3) expect(!check_pattern(mem + i * PAGE_BYTES, PAGE_BYTES, i));
  for (int i = 1; i < kPages; i += 3)
    for (size_t j = 0; j < PAGE_BYTES; j++) expect_eq(mem[i * PAGE_BYTES + j], 0);
  pass();
}
