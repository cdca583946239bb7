/* zdtm:
 * title: three processes with different parts of one shared anonymous object, two objects kept apart
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 16 };

struct share {
  char *one, *two;
};

/* The first child keeps the head of object one, the second the tail, and object two from its own offset. */
static void keep_head(void* arg) {
  struct share* s = arg;
  must(munmap(s->one + 4 * PAGE_BYTES, (kPages - 4) * PAGE_BYTES));
  must(munmap(s->two, kPages * PAGE_BYTES));
}
static void keep_tail(void* arg) {
  struct share* s = arg;
  must(munmap(s->one, (kPages - 4) * PAGE_BYTES));
  must(munmap(s->two, 8 * PAGE_BYTES));
}
static void check_head(void* arg) {
  struct share* s = arg;
  expect_eq(s->one[PAGE_BYTES], 11);
  s->one[PAGE_BYTES] = 21;
}
static void check_tail(void* arg) {
  struct share* s = arg;
  expect_eq(s->one[(kPages - 1) * PAGE_BYTES], 12);
  expect_eq(s->two[(kPages - 1) * PAGE_BYTES], 13);
  s->one[(kPages - 1) * PAGE_BYTES] = 22;
  s->two[(kPages - 1) * PAGE_BYTES] = 23;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct share s = {map_shared(kPages * PAGE_BYTES), map_shared(kPages * PAGE_BYTES)};
  fill_pattern(s.one, kPages * PAGE_BYTES, 1);
  fill_pattern(s.two, kPages * PAGE_BYTES, 2);
  pid_t head = waiting_child_start(keep_head, check_head, &s);
  pid_t tail = waiting_child_start(keep_tail, check_tail, &s);
  /* The parent itself has lost the middle of object one: no process maps those pages any more. */
  must(munmap(s.one + 6 * PAGE_BYTES, 4 * PAGE_BYTES));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(s.one, 6 * PAGE_BYTES, 1));
  expect(!check_pattern(s.two, kPages * PAGE_BYTES, 2));
  s.one[PAGE_BYTES] = 11;
  s.one[(kPages - 1) * PAGE_BYTES] = 12;
  s.two[(kPages - 1) * PAGE_BYTES] = 13;
  waiting_child_finish(head);
  waiting_child_finish(tail);
  expect_eq(s.one[PAGE_BYTES], 21);
  expect_eq(s.one[(kPages - 1) * PAGE_BYTES], 22);
  expect_eq(s.two[(kPages - 1) * PAGE_BYTES], 23);
  pass();
}
