/* zdtm:
 * title: 3000 small mappings with alternating protection, each with a content of its own
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "check.h"
#include "mapping.h"
#include "pagemap.h"

enum { kCount = 3000 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  /* Alternating protections keep the kernel from merging neighbours: 3000 mappings without a gap. */
  uint32_t* mem = (uint32_t*)map_private(kCount * PAGE_BYTES);
  const size_t kWords = PAGE_BYTES / sizeof(*mem);
  for (int i = 0; i < kCount; i++) {
    mem[i * kWords] = i * 7 + 1;
    if (i % 2) must(mprotect(mem + i * kWords, PAGE_BYTES, PROT_READ));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) expect_eq(mem[i * kWords], i * 7 + 1);
  int lines = 0, c;
  FILE* f = fopen("/proc/self/maps", "re");
  while ((c = getc(f)) != EOF) lines += c == '\n';
  fclose(f);
  expect(lines >= kCount && lines < kCount + 100);
  pass();
}
