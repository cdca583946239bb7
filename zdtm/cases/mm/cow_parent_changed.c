/* zdtm:
 * title: the parent gave back, moved or write-protected what the child still has: contents stay apart
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 16 };

static void check(void* arg) {
  char* mem = arg;
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 1));
  fill_pattern(mem, kPages * PAGE_BYTES, 2);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  char* place = map_private(kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  pid_t pid = waiting_child_start(NULL, check, mem);
  must(madvise(mem, 4 * PAGE_BYTES, MADV_DONTNEED));
  char* moved =
      must(mremap(mem + 4 * PAGE_BYTES, 4 * PAGE_BYTES, 4 * PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, place));
  must(mprotect(mem + 8 * PAGE_BYTES, 4 * PAGE_BYTES, PROT_READ));

  char first[PAGE_BYTES];
  memcpy(first, moved, PAGE_BYTES);
  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_eq(populated_pages(mem, 4), 0);
  expect_eq(mem[0], 0);
  expect(memcmp(first, moved, PAGE_BYTES) == 0);
  char* copy = map_private(kPages * PAGE_BYTES);
  fill_pattern(copy, kPages * PAGE_BYTES, 1);
  expect(memcmp(moved, copy + 4 * PAGE_BYTES, 4 * PAGE_BYTES) == 0);
  expect(memcmp(mem + 8 * PAGE_BYTES, copy + 8 * PAGE_BYTES, 8 * PAGE_BYTES) == 0);
  pass();
}
