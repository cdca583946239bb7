/* zdtm:
 * title: a shared mapping of a file opened read-only can't be made writable, as before
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  close(make_file("file", 2 * PAGE_BYTES, 1));
  int fd = must(open("file", O_RDONLY));
  char* map = must(mmap(NULL, 2 * PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0));
  char* priv = must(mmap(NULL, 2 * PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0));
  close(fd);
  expect(!vma_has_flag(map, "mw"));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(map, 2 * PAGE_BYTES, 1));
  expect(!vma_has_flag(map, "mw"));
  expect_errno(mprotect(map, PAGE_BYTES, PROT_READ | PROT_WRITE), EACCES);
  must(mprotect(priv, PAGE_BYTES, PROT_READ | PROT_WRITE));
  priv[0]++;
  expect(!check_pattern(map, 2 * PAGE_BYTES, 1));
  pass();
}
