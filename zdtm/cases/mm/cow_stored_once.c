/* zdtm:
 * title: --store-once: what three generations share, what some have changed, dropped or remapped since the fork
 * needs: root
 * dump: --store-once
 */
#define _GNU_SOURCE
#include "check.h"
#include "cow_probe.h"

enum { kPages = 64, kChanged = 8, kDropped = 8, kOwnFirst = kChanged + kDropped };

/* Each generation writes its own pattern to the first pages and gives the next ones back. */
static void change(char* mem, unsigned seed) {
  fill_pattern(mem, kChanged * PAGE_BYTES, seed);
  must(madvise(mem + kChanged * PAGE_BYTES, kDropped * PAGE_BYTES, MADV_DONTNEED));
}

struct generation {
  struct cow_probe probe;
  char* rest; /* a copy of what all share, to compare with */
  unsigned seed;
  pid_t below;
};

static struct generation child, grandchild, plain;

static void check(struct generation* g) {
  char* mem = g->probe.mem;
  if (g->seed != 0) {
    expect(!check_pattern(mem, kChanged * PAGE_BYTES, g->seed));
    expect_eq(populated_pages(mem + kChanged * PAGE_BYTES, kDropped), 0);
  }
  expect(memcmp(mem + kOwnFirst * PAGE_BYTES, g->rest, (kPages - kOwnFirst) * PAGE_BYTES) == 0);
  cow_probe_note(&g->probe);
}

static void check_alone(void* arg) { check(arg); }

static void start_grandchild(void* arg) {
  struct generation* g = arg;
  change(g->probe.mem, g->seed);
  g->below = waiting_child_start(NULL, check_alone, &grandchild);
}

static void finish_grandchild(void* arg) {
  struct generation* g = arg;
  check(g);
  waiting_child_finish(g->below);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_private(kPages * PAGE_BYTES);
  small_pages_only(mem, kPages * PAGE_BYTES);
  fill_pattern(mem, kPages * PAGE_BYTES, 1);
  char* rest = map_shared(kPages * PAGE_BYTES);
  memcpy(rest, mem + kOwnFirst * PAGE_BYTES, (kPages - kOwnFirst) * PAGE_BYTES);
  child = (struct generation){cow_probe_of(mem, kPages), rest, 2, 0};
  grandchild = (struct generation){cow_probe_of(mem, kPages), rest, 2, 0}; /* it changes nothing: as its parent */
  plain = (struct generation){cow_probe_of(mem, kPages), rest, 0, 0};
  pid_t other = waiting_child_start(NULL, check_alone, &plain);
  pid_t pid = waiting_child_start(start_grandchild, finish_grandchild, &child);
  fill_pattern(mem, PAGE_BYTES, 3); /* after the forks: the children have the old page alone */

  test_daemon();
  test_waitsig();

  waiting_child_finish(other);
  waiting_child_finish(pid);
  expect(!check_pattern(mem, PAGE_BYTES, 3));
  expect_eq(cow_probe_shared(&plain.probe, 1, kPages - 1), kPages - 1);
  expect_eq(cow_probe_shared(&plain.probe, 0, 1), 0);
  expect_eq(cow_probe_shared(&child.probe, kOwnFirst, kPages - kOwnFirst), kPages - kOwnFirst);
  expect_eq(cow_probe_shared(&child.probe, 0, kOwnFirst), 0);
  expect_eq(cow_probe_shared(&grandchild.probe, kOwnFirst, kPages - kOwnFirst), kPages - kOwnFirst);
  pass();
}
