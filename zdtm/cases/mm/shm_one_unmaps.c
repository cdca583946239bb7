/* zdtm:
 * title: shared anonymous memory that its maker has unmapped: only two of its children still have it
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 8 };

static void first_writes(void* arg) {
  expect(!check_pattern(arg, kPages * PAGE_BYTES, 1));
  fill_pattern(arg, kPages * PAGE_BYTES, 2);
}
static void second_reads(void* arg) { expect(!check_pattern(arg, kPages * PAGE_BYTES, 2)); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_shared(kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  pid_t first = waiting_child_start(NULL, first_writes, mem);
  pid_t second = waiting_child_start(NULL, second_reads, mem);
  must(munmap(mem, kPages * PAGE_BYTES));

  test_daemon();
  test_waitsig();

  waiting_child_finish(first);
  waiting_child_finish(second);
  pass();
}
