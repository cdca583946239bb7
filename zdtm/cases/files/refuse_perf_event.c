/* zdtm:
 * title: a perf event is refused by name and goes on counting
 * refuse: fd 77 (anon_inode:[perf_event])
 */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct perf_event_attr attr = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
  uint64_t before, after;
  test_init(argc, argv);
  int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
  if (fd < 0) skip("no perf events here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  expect_eq(read(fd, &before, sizeof(before)), sizeof(before));

  test_daemon();
  test_waitsig();

  expect_eq(read(fd, &after, sizeof(after)), sizeof(after));
  expect(after > before);
  pass();
}
