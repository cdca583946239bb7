/* zdtm:
 * title: private and shared mappings of removed files, with and without a descriptor left
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"
#include "waiting_child.h"

enum { kPages = 4 };

static void check(void* arg) {
  char* shared = arg;
  expect(!check_pattern(shared, kPages * PAGE_BYTES, 3));
  shared[0] = 5;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int one = make_file("one", kPages * PAGE_BYTES, 1), two = make_file("two", kPages * PAGE_BYTES, 2);
  char* priv = map_file(one, kPages * PAGE_BYTES, MAP_PRIVATE, 0);
  char* shared = map_file(two, kPages * PAGE_BYTES, MAP_SHARED, 0);
  close(one);
  fill_pattern(priv + PAGE_BYTES, PAGE_BYTES, 7);
  pid_t pid = waiting_child_start(NULL, check, shared);
  must(unlink("one"));
  must(unlink("two"));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(priv, PAGE_BYTES, 1));
  expect(!check_pattern(priv + PAGE_BYTES, PAGE_BYTES, 7));
  expect(!check_pattern(shared, kPages * PAGE_BYTES, 2));
  expect(strstr(must_vma(priv).path, "/one (deleted)") != NULL);
  fill_pattern(shared, kPages * PAGE_BYTES, 3);
  expect_file(two, kPages * PAGE_BYTES, 3);
  waiting_child_finish(pid);
  expect_eq(shared[0], 5);
  expect_errno(access("one", F_OK), ENOENT);
  expect_errno(access("two", F_OK), ENOENT);
  pass();
}
