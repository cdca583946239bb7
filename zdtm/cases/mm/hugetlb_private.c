/* zdtm:
 * title: private hugetlb memory: content, page size, untouched pages, copy-on-write with a child
 */
#define _GNU_SOURCE
#include "check.h"
#include "hugetlb.h"
#include "mapping.h"
#include "smaps.h"
#include "waiting_child.h"

static void check(void* arg) {
  char* mem = arg;
  expect(!check_pattern(mem, HUGE_BYTES, 1));
  fill_pattern(mem, 4096, 2);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  need_huge_pages();
  char* mem = map_anon(3 * HUGE_BYTES, MAP_PRIVATE | MAP_HUGETLB);
  fill_pattern(mem, HUGE_BYTES, 1);
  mem[2 * HUGE_BYTES + 12345] = 7;
  pid_t pid = waiting_child_start(NULL, check, mem);

  test_daemon();
  test_waitsig();

  struct vma v = must_vma(mem);
  expect_eq(v.page_kb, HUGE_BYTES / 1024);
  waiting_child_finish(pid);
  expect(!check_pattern(mem, HUGE_BYTES, 1));
  expect_eq(mem[2 * HUGE_BYTES + 12345], 7);
  expect_eq(mem[HUGE_BYTES], 0);
  pass();
}
