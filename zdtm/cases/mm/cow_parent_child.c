/* zdtm:
 * title: pages that parent and child share copy-on-write still share their frames; modified ones differ
 * needs: root
 */
#define _GNU_SOURCE
#include "check.h"
#include "cow_probe.h"

enum { kPages = 64 };

static void modify(void* arg) {
  struct cow_probe* p = arg;
  fill_pattern(p->mem + 16 * PAGE_BYTES, 8 * PAGE_BYTES, 2);
}

static void check(void* arg) {
  struct cow_probe* p = arg;
  cow_probe_note(p);
  expect(!check_pattern(p->mem, 16 * PAGE_BYTES, 1));
  expect(!check_pattern(p->mem + 16 * PAGE_BYTES, 8 * PAGE_BYTES, 2));
  expect(!check_pattern(p->mem + 32 * PAGE_BYTES, 8 * PAGE_BYTES, 4));
  fill_pattern(p->mem + 8 * PAGE_BYTES, 8 * PAGE_BYTES, 9);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct cow_probe p = cow_probe_of(map_private(kPages * PAGE_BYTES), kPages);
  fill_pattern(p.mem, 16 * PAGE_BYTES, 1);
  fill_pattern(p.mem + 16 * PAGE_BYTES, 16 * PAGE_BYTES, 3);
  fill_pattern(p.mem + 32 * PAGE_BYTES, 32 * PAGE_BYTES, 4);
  pid_t pid = waiting_child_start(modify, check, &p);
  fill_pattern(p.mem + 40 * PAGE_BYTES, 8 * PAGE_BYTES, 5);

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_eq(cow_probe_shared(&p, 0, 16), 16);
  expect_eq(cow_probe_shared(&p, 16, 8), 0);
  expect_eq(cow_probe_shared(&p, 24, 16), 16);
  expect_eq(cow_probe_shared(&p, 40, 8), 0);
  expect_eq(cow_probe_shared(&p, 48, 16), 16);
  expect(!check_pattern(p.mem, 16 * PAGE_BYTES, 1)); /* the child's last write was private to it */
  expect(!check_pattern(p.mem + 16 * PAGE_BYTES, 16 * PAGE_BYTES, 3));
  expect(!check_pattern(p.mem + 40 * PAGE_BYTES, 8 * PAGE_BYTES, 5));
  pass();
}
