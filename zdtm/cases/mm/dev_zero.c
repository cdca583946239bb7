/* zdtm:
 * title: /dev/zero mapped private and shared with a child, descriptor closed
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

static void check(void* arg) {
  expect(!check_pattern(arg, 4 * PAGE_BYTES, 3));
  fill_pattern(arg, 4 * PAGE_BYTES, 4);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(open("/dev/zero", O_RDWR));
  char *priv = map_file(fd, 4 * PAGE_BYTES, MAP_PRIVATE, 0), *shared = map_file(fd, 4 * PAGE_BYTES, MAP_SHARED, 0);
  close(fd);
  fill_pattern(priv + PAGE_BYTES, PAGE_BYTES, 1);
  fill_pattern(shared, 4 * PAGE_BYTES, 2);
  pid_t pid = waiting_child_start(NULL, check, shared);

  test_daemon();
  test_waitsig();

  expect_eq(priv[0], 0);
  expect(!check_pattern(priv + PAGE_BYTES, PAGE_BYTES, 1));
  expect(!check_pattern(shared, 4 * PAGE_BYTES, 2));
  fill_pattern(shared, 4 * PAGE_BYTES, 3);
  waiting_child_finish(pid);
  expect(!check_pattern(shared, 4 * PAGE_BYTES, 4));
  pass();
}
