/* zdtm:
 * title: the heap keeps its content and its break, and grows and shrinks after the restore
 */
#define _GNU_SOURCE
#include "check.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* base = must(sbrk(0));
  must(sbrk(33 * PAGE_BYTES + 123)); /* an end in mid-page */
  char* end = must(sbrk(0));
  fill_pattern(base, end - base, 1);

  test_daemon();
  test_waitsig();

  expect(sbrk(0) == end);
  expect(!check_pattern(base, end - base, 1));
  must(sbrk(100 * PAGE_BYTES));
  memset(end, 7, 100 * PAGE_BYTES);
  expect(!check_pattern(base, end - base, 1));
  must(brk(base + PAGE_BYTES));
  expect(!check_pattern(base, PAGE_BYTES, 1));
  pass();
}
