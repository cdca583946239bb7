/* zdtm:
 * title: a memfd mapped shared twice at different offsets and by a child, descriptor kept
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

static void child_check(void* arg) {
  char* map = arg;
  expect_eq(map[5 * PAGE_BYTES], 51);
  map[5 * PAGE_BYTES + 1] = 52;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(memfd_create("shared one", MFD_CLOEXEC));
  must(ftruncate(fd, 8 * PAGE_BYTES));
  char* map = map_file(fd, 8 * PAGE_BYTES, MAP_SHARED, 0);
  char* part = map_file(fd, 2 * PAGE_BYTES, MAP_SHARED, 5 * PAGE_BYTES);
  fill_pattern(map, 8 * PAGE_BYTES, 1);
  pid_t pid = waiting_child_start(NULL, child_check, map);

  test_daemon();
  test_waitsig();

  expect_file(fd, 8 * PAGE_BYTES, 1);
  expect(strcmp(fd_link(fd), "/memfd:shared one (deleted)") == 0);
  part[0] = 51;
  waiting_child_finish(pid);
  expect_eq(map[5 * PAGE_BYTES], 51);
  expect_eq(part[1], 52);
  char byte = 0;
  must(pread(fd, &byte, 1, 5 * PAGE_BYTES + 1));
  expect_eq(byte, 52);
  pass();
}
