/* zdtm:
 * title: a MAP_GROWSDOWN mapping of the program's own keeps its content and goes on growing
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

#define SPAN (16ul << 20)

int main(int argc, char** argv) {
  test_init(argc, argv);
  /* Room below it: the kernel lets it grow only when nothing is near. */
  char* room = map_private(SPAN);
  must(munmap(room, SPAN));
  char* low = must(mmap(room + SPAN - 8 * PAGE_BYTES, 4 * PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
  fill_pattern(low, 4 * PAGE_BYTES, 1);
  for (int i = 1; i <= 4; i++) low[-i * (long)PAGE_BYTES] = i;

  test_daemon();
  test_waitsig();

  expect(vma_has_flag(low, "gd"));
  expect(!check_pattern(low, 4 * PAGE_BYTES, 1));
  for (int i = 1; i <= 4; i++) expect_eq(low[-i * (long)PAGE_BYTES], i);
  for (int i = 5; i <= 40; i++) low[-i * (long)PAGE_BYTES] = i;
  expect(must_vma(low).start <= (uintptr_t)low - 40 * PAGE_BYTES);
  pass();
}
