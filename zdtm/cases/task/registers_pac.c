/* zdtm:
 * title: pointers signed with each key before the dump are good after it
 * needs: arch:aarch64 cpu:paca cpu:pacg
 * build: -mbranch-protection=pac-ret
 */
#include "check.h"

struct signed_words {
  uint64_t ia, ib, da, db, generic;
};

static struct signed_words sign(void) {
  struct signed_words s = {0x1234000, 0x1234000, 0x1234000, 0x1234000, 0};
  uint64_t context = 0x77;
  __asm__(
      ".arch_extension pauth\n"
      "pacia %0, %5\n pacib %1, %5\n pacda %2, %5\n pacdb %3, %5\n pacga %4, %5, %5\n"
      : "+r"(s.ia), "+r"(s.ib), "+r"(s.da), "+r"(s.db), "=r"(s.generic)
      : "r"(context));
  return s;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct signed_words before = sign();
  expect(before.ia != 0x1234000);
  test_daemon();
  test_waitsig();
  struct signed_words after = sign();
  expect_eq(after.ia, before.ia);
  expect_eq(after.ib, before.ib);
  expect_eq(after.da, before.da);
  expect_eq(after.db, before.db);
  expect_eq(after.generic, before.generic);
  pass();
}
