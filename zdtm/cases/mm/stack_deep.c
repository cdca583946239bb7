/* zdtm:
 * title: a deep stack: frames keep their content, and the stack grows further after the restore
 */
#define _GNU_SOURCE
#include "check.h"
#include "pagemap.h"
#include "smaps.h"

enum { kFrames = 100, kFrameBytes = 16384 };

/* Each frame holds a pattern; the deepest waits; on the way back every frame is checked. */
static __attribute__((noinline)) int descend(int depth) {
  char frame[kFrameBytes];
  fill_pattern(frame, sizeof(frame), depth);
  if (depth == kFrames) {
    test_daemon();
    test_waitsig();
  } else if (descend(depth + 1)) {
    return -1;
  }
  return check_pattern(frame, sizeof(frame), depth);
}

static __attribute__((noinline)) int grow(int depth) {
  volatile char frame[65536];
  frame[0] = (char)depth;
  return depth == 0 ? 0 : grow(depth - 1) + frame[0] - (char)depth;
}

int main(int argc, char** argv) {
  char here;
  test_init(argc, argv);
  expect(!descend(1));
  expect(vma_has_flag(&here, "gd"));
  expect_eq(grow(60), 0); /* 3.8 MiB: more than was ever used before */
  pass();
}
