/* zdtm:
 * title: PROT_NONE over shared anonymous and over a private file mapping with written pages
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"

enum { kPages = 4 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("file", kPages * PAGE_BYTES, 1);
  char *shared = map_shared(kPages * PAGE_BYTES), *file = map_file(fd, kPages * PAGE_BYTES, MAP_PRIVATE, 0);
  fill_pattern(shared, kPages * PAGE_BYTES, 2);
  fill_pattern(file + PAGE_BYTES, PAGE_BYTES, 3);
  must(mprotect(shared, kPages * PAGE_BYTES, PROT_NONE));
  must(mprotect(file, kPages * PAGE_BYTES, PROT_NONE));

  test_daemon();
  test_waitsig();

  expect_eq(access_signal(shared, kReads), SIGSEGV);
  expect_eq(access_signal(file, kReads), SIGSEGV);
  must(mprotect(shared, kPages * PAGE_BYTES, PROT_READ));
  must(mprotect(file, kPages * PAGE_BYTES, PROT_READ));
  expect(!check_pattern(shared, kPages * PAGE_BYTES, 2));
  expect(!check_pattern(file, PAGE_BYTES, 1));
  expect(!check_pattern(file + PAGE_BYTES, PAGE_BYTES, 3));
  pass();
}
