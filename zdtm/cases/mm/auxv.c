/* zdtm:
 * title: the auxiliary vector, as /proc shows it and as it lies in memory
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/auxv.h>

#include "check.h"

static ssize_t read_auxv(unsigned long* to, size_t size) {
  int fd = must(open("/proc/self/auxv", O_RDONLY | O_CLOEXEC));
  ssize_t n = must(read(fd, to, size));
  close(fd);
  return n;
}

int main(int argc, char** argv) {
  unsigned long before[512], after[512];
  test_init(argc, argv);
  ssize_t len = read_auxv(before, sizeof(before));
  unsigned long libc_view[256]; /* the C library changes some of them, AT_HWCAP on x86 */
  for (size_t i = 0; i + 1 < len / sizeof(*before); i += 2) libc_view[i / 2] = getauxval(before[i]);
  unsigned char random[16];
  memcpy(random, (void*)getauxval(AT_RANDOM), sizeof(random));

  test_daemon();
  test_waitsig();

  expect_eq(read_auxv(after, sizeof(after)), len);
  expect(memcmp(after, before, len) == 0);
  for (size_t i = 0; i + 1 < len / sizeof(*after); i += 2) expect_eq(getauxval(after[i]), libc_view[i / 2]);
  expect(memcmp(random, (void*)getauxval(AT_RANDOM), sizeof(random)) == 0);
  pass();
}
