/* zdtm:
 * title: pointers signed with each key before the dump are good after it
 * needs: arch:aarch64 cpu:paca cpu:pacg
 * build: -mbranch-protection=pac-ret
 */
#include "check.h"

// Of a pointer only a few bits are its signature: those of one context are all zero in one of some hundred programs.
enum { CONTEXTS = 8, POINTER = 0x1234000 };

struct signed_words {
  uint64_t ia, ib, da, db, generic;
};

static struct signed_words sign(uint64_t context) {
  struct signed_words s = {POINTER, POINTER, POINTER, POINTER, 0};
  __asm__(
      ".arch_extension pauth\n"
      "pacia %0, %5\n pacib %1, %5\n pacda %2, %5\n pacdb %3, %5\n pacga %4, %5, %5\n"
      : "+r"(s.ia), "+r"(s.ib), "+r"(s.da), "+r"(s.db), "=r"(s.generic)
      : "r"(context));
  return s;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct signed_words before[CONTEXTS];
  int is_signed = 0;
  for (int i = 0; i < CONTEXTS; i++) {
    before[i] = sign(i);
    is_signed |= before[i].ia != POINTER;
  }
  expect(is_signed);
  test_daemon();
  test_waitsig();
  for (int i = 0; i < CONTEXTS; i++) {
    struct signed_words after = sign(i);
    expect_eq(after.ia, before[i].ia);
    expect_eq(after.ib, before[i].ib);
    expect_eq(after.da, before[i].da);
    expect_eq(after.db, before[i].db);
    expect_eq(after.generic, before[i].generic);
  }
  pass();
}
