/* zdtm:
 * title: shared hugetlb memory of two processes
 */
#define _GNU_SOURCE
#include "check.h"
#include "hugetlb.h"
#include "mapping.h"
#include "smaps.h"
#include "waiting_child.h"

static void check(void* arg) {
  char* mem = arg;
  expect(!check_pattern(mem, 2 * HUGE_BYTES, 2));
  mem[HUGE_BYTES] = 3;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  need_huge_pages();
  char* mem = map_anon(2 * HUGE_BYTES, MAP_SHARED | MAP_HUGETLB);
  fill_pattern(mem, 2 * HUGE_BYTES, 1);
  pid_t pid = waiting_child_start(NULL, check, mem);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 2 * HUGE_BYTES, 1));
  expect_eq(must_vma(mem).page_kb, HUGE_BYTES / 1024);
  fill_pattern(mem, 2 * HUGE_BYTES, 2);
  waiting_child_finish(pid);
  expect_eq(mem[HUGE_BYTES], 3);
  pass();
}
