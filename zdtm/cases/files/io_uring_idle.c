/* zdtm:
 * title: idle rings of io_uring go on: unread results, entries not yet submitted, all layouts, a ring that two processes have
 */
#define _GNU_SOURCE
#include "child.h"
#include "descriptors.h"
#include "uring.h"

enum { kRings = 8 };

static const struct {
  unsigned entries, flags, results, turned, unread, queued;
} kKinds[kRings] = {
    {4, 0, 0, 0, 0, 0},                                /* new */
    {4, 0, 0, 3, 2, 1},                                /* unread results, and an entry that is not submitted */
    {8, 0, 16, 1013, 16, 8},                           /* round many times, full on both sides */
    {4, kUringNoSqArray, 0, 7, 3, 2},                  /* as liburing makes them */
    {4, kUringCqe32, 0, 6, 3, 2},                      /* wide results */
    {4, kUringSqe128, 0, 5, 1, 0},                     /* wide entries */
    {64, kUringNoSqArray | kUringSqe128, 128, 9, 100, 64},
    {1024, kUringSubmitAll | kUringNoSqArray, 0, 1, 2000, 5}, /* its memory ends where an array would begin */
};

static struct uring rings[kRings];
static int there[kRings];

static void set_up(int n) {
  struct uring* u = &rings[n];
  there[n] = uring_make(u, kKinds[n].entries, kKinds[n].flags, kKinds[n].results);
  if (!there[n]) return;
  uring_turn(u, kKinds[n].turned);
  for (unsigned i = 0; i < kKinds[n].unread; ++i) {
    uring_queue(u, IORING_OP_NOP, 1000 + i);
    expect_eq(uring_submit(u, 1, 0), 1);
  }
  for (unsigned i = 0; i < kKinds[n].queued; ++i) uring_queue(u, IORING_OP_NOP, 5000 + i);
}

static void check(int n) {
  struct uring* u = &rings[n];
  if (!there[n]) return;
  expect_eq(uring_unread(u), kKinds[n].unread);
  for (unsigned i = 0; i < kKinds[n].unread; ++i) expect_eq(uring_take(u).user_data, 1000 + i);
  if (kKinds[n].queued) expect_eq(uring_submit(u, kKinds[n].queued, kKinds[n].queued), kKinds[n].queued);
  for (unsigned i = 0; i < kKinds[n].queued; ++i) expect_eq(uring_take(u).user_data, 5000 + i);
  expect_eq(uring_unread(u), 0);
  expect_eq(*uring_word(u, u->p.sq_off.dropped), 0);
  uring_turn(u, 3 * u->p.cq_entries + 1);
}

/* The ring that a child has inherited, descriptor and memory; only one at a time uses it. */
static int use(void* ring) {
  uring_turn(ring, 5);
  return 0;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct uring* shared = shared_memory(sizeof(*shared));
  if (!uring_make(shared, 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  struct child c = {.setup = use, .check = use, .arg = shared};
  child_start(&c);
  use(shared);
  for (int n = 0; n < kRings; ++n) set_up(n);

  test_daemon();
  test_waitsig();

  for (int n = 0; n < kRings; ++n) check(n);
  use(shared);
  if (child_finish(&c)) return 1;
  use(shared);
  pass();
}
