/* zdtm:
 * title: a mapping of memfd_secret is refused by name; its content is untouched
 * refuse: secret
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = syscall(447, 0) /* memfd_secret, which not every C library names */;
  if (fd < 0) skip("no memfd_secret here: %s", strerror(errno));
  must(ftruncate(fd, 2 * PAGE_BYTES));
  char* mem = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, 0);
  fill_pattern(mem, 2 * PAGE_BYTES, 1);
  close(fd);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 2 * PAGE_BYTES, 1));
  pass();
}
