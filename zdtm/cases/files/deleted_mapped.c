/* zdtm:
 * title: one removed file behind a descriptor, a shared mapping and a child's private mapping: still one file
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

static char* priv;

static void child_maps(void* arg) {
  priv = map_file(*(int*)arg, 4 * PAGE_BYTES, MAP_PRIVATE, 0);
  fill_pattern(priv, PAGE_BYTES, 9);
  close(*(int*)arg);
}
static void child_checks(void* arg) {
  (void)arg;
  expect(!check_pattern(priv, PAGE_BYTES, 9));
  expect_eq(priv[2 * PAGE_BYTES], 42); /* written by the parent through its mapping just now */
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = make_file("ghost", 4 * PAGE_BYTES, 1);
  char* shared = map_file(fd, 4 * PAGE_BYTES, MAP_SHARED, 0);
  pid_t pid = waiting_child_start(child_maps, child_checks, &fd);
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  expect_file(fd, 4 * PAGE_BYTES, 1);
  shared[2 * PAGE_BYTES] = 42;
  char byte = 0;
  must(pread(fd, &byte, 1, 2 * PAGE_BYTES));
  expect_eq(byte, 42);
  waiting_child_finish(pid);
  pass();
}
