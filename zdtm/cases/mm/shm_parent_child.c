/* zdtm:
 * title: shared anonymous memory of a parent and its child stays one object
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 32 };

static void child_check(void* arg) {
  char* mem = arg;
  expect(!check_pattern(mem, kPages / 2 * PAGE_BYTES, 1));
  expect(!check_pattern(mem + kPages / 2 * PAGE_BYTES, kPages / 2 * PAGE_BYTES,
                        3)); /* written by the parent after the wait */
  fill_pattern(mem, kPages * PAGE_BYTES, 4);
}

static void child_set_up(void* arg) { fill_pattern(arg, kPages / 2 * PAGE_BYTES, 1); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_shared(kPages * PAGE_BYTES);
  pid_t pid = waiting_child_start(child_set_up, child_check, mem);
  fill_pattern(mem + kPages / 2 * PAGE_BYTES, kPages / 2 * PAGE_BYTES, 2);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem + kPages / 2 * PAGE_BYTES, kPages / 2 * PAGE_BYTES, 2));
  fill_pattern(mem + kPages / 2 * PAGE_BYTES, kPages / 2 * PAGE_BYTES, 3);
  waiting_child_finish(pid);
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 4));
  pass();
}
