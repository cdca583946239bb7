/* zdtm:
 * title: shared anonymous memory that one process has moved to another address, and mapped twice
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 8 };
static char *mem, *twin;

static void move_it(void* arg) {
  (void)arg;
  char* elsewhere = map_private(kPages * PAGE_BYTES);
  mem = must(mremap(mem, kPages * PAGE_BYTES, kPages * PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere));
  /* An old size of 0 maps the same pages once more. */
  twin = must(mremap(mem, 0, kPages * PAGE_BYTES, MREMAP_MAYMOVE));
}

static void check_it(void* arg) {
  (void)arg;
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 2));
  expect(!check_pattern(twin, kPages * PAGE_BYTES, 2));
  fill_pattern(twin, kPages * PAGE_BYTES, 3);
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 3));
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  mem = map_shared(kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  pid_t pid = waiting_child_start(move_it, check_it, NULL);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, kPages * PAGE_BYTES, 1));
  fill_pattern(mem, kPages * PAGE_BYTES, 2);
  waiting_child_finish(pid);
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 3));
  pass();
}
