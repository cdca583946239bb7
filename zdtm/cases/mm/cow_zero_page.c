/* zdtm:
 * title: after a read of untouched memory in parent and child both still see zeros, and writes stay private
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 16 };

static int sum(const char* mem) {
  int s = 0;
  for (size_t i = 0; i < kPages * PAGE_BYTES; i++) s += mem[i];
  return s;
}

static void read_it(void* arg) { expect_eq(sum(arg), 0); }
static void check(void* arg) {
  expect_eq(sum(arg), 0);
  memset(arg, 1, kPages * PAGE_BYTES);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  expect_eq(sum(mem), 0);
  pid_t pid = waiting_child_start(read_it, check, mem);

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_eq(sum(mem), 0);
  memset(mem, 2, kPages * PAGE_BYTES);
  pass();
}
