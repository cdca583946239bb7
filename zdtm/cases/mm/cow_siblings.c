/* zdtm:
 * title: copy-on-write over three generations: siblings and a grandchild share what their ancestor filled
 * needs: root
 */
#define _GNU_SOURCE
#include "check.h"
#include "cow_probe.h"

enum { kPages = 32 };

static void check(void* arg) {
  struct cow_probe* p = arg;
  expect(!check_pattern(p->mem, kPages * PAGE_BYTES, 1));
  cow_probe_note(p);
}

struct middle {
  struct cow_probe own, below;
  pid_t grandchild;
};

static void start_grandchild(void* arg) {
  struct middle* m = arg;
  m->grandchild = waiting_child_start(NULL, check, &m->below);
}

static void finish_grandchild(void* arg) {
  struct middle* m = arg;
  check(&m->own);
  waiting_child_finish(m->grandchild);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  struct cow_probe sibling = cow_probe_of(mem, kPages);
  struct middle m = {cow_probe_of(mem, kPages), cow_probe_of(mem, kPages), 0};
  pid_t one = waiting_child_start(NULL, check, &sibling);
  pid_t two = waiting_child_start(start_grandchild, finish_grandchild, &m);

  test_daemon();
  test_waitsig();

  waiting_child_finish(one);
  waiting_child_finish(two);
  expect_eq(cow_probe_shared(&sibling, 0, kPages), kPages);
  expect_eq(cow_probe_shared(&m.own, 0, kPages), kPages);
  expect_eq(cow_probe_shared(&m.below, 0, kPages), kPages);
  pass();
}
