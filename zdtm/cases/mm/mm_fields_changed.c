/* zdtm:
 * title: mm borders that the program has set itself (PR_SET_MM_MAP), with its arguments in a mapping of its own
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "check.h"
#include "mapping.h"
#include "mm_fields.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  static const char kTitle[] = "a title\0with two words";
  uint64_t f[kMmFields], now[kMmFields];
  char cmdline[4096];
  test_init(argc, argv);
  read_mm_fields(f);
  char* own = map_private(2 * PAGE_BYTES);
  memcpy(own, kTitle, sizeof(kTitle));
  struct prctl_mm_map map = {
      .start_code = f[kStartCode],
      .end_code = f[kEndCode],
      .start_data = f[kStartData] + 16,
      .end_data = f[kEndData],
      .start_brk = f[kStartBrk],
      .brk = (uintptr_t)sbrk(0),
      .start_stack = f[kStartStack] - 16,
      .arg_start = (uintptr_t)own,
      .arg_end = (uintptr_t)own + sizeof(kTitle),
      .env_start = (uintptr_t)own + PAGE_BYTES,
      .env_end = (uintptr_t)own + PAGE_BYTES + 7,
      .exe_fd = -1u,
  };
  memcpy(own + PAGE_BYTES, "NAME=1", 7);
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0)) skip("PR_SET_MM_MAP: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  read_mm_fields(now);
  expect_eq(now[kStartData], f[kStartData] + 16);
  expect_eq(now[kStartStack], f[kStartStack] - 16);
  expect_eq(now[kArgStart], (uintptr_t)own);
  expect_eq(now[kArgEnd], (uintptr_t)own + sizeof(kTitle));
  expect_eq(now[kEnvStart], (uintptr_t)own + PAGE_BYTES);
  expect_eq(now[kEnvEnd], (uintptr_t)own + PAGE_BYTES + 7);
  int fd = must(open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  expect_eq(read(fd, cmdline, sizeof(cmdline)), sizeof(kTitle));
  expect(memcmp(cmdline, kTitle, sizeof(kTitle)) == 0);
  close(fd);
  pass();
}
