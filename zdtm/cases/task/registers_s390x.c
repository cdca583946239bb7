/* zdtm:
 * title: general and access registers, condition code and program mask keep their values in a loop that makes no system call
 * needs: arch:s390x
 */
#include "check.h"

/* What r2 to r14 and a2 to a15 hold; r1 is where the loop finds all, r0 what it compares by an instruction that leaves the condition
 * code as it is. r15, a0 and a1 are seen to be right by what comes after. */
struct words {
  uint64_t want[16], got[16];
  uint32_t access_want[16], access_got[16];
  uint64_t conditions;
  volatile uint64_t stop;
};
#include "kept_registers.h"

/* Condition code 2; of the program mask the two that only hexadecimal floating point knows. */
#define CONDITIONS 0x23

__asm__(
    ".text\n.balign 8\n.globl keep_registers\n.type keep_registers, @function\nkeep_registers:\n"
    "stmg %r6, %r15, 48(%r15)\n"
    "lgr %r1, %r2\n"
    "lam %a2, %a15, 264(%r1)\n lmg %r2, %r14, 16(%r1)\n"
    "lg %r0, 384(%r1)\n spm %r0\n"
    "1: lg %r0, 392(%r1)\n cgije %r0, 0, 1b\n"
    "ipm %r0\n stg %r0, 384(%r1)\n"
    "stmg %r2, %r14, 144(%r1)\n stam %a2, %a15, 328(%r1)\n"
    "lghi %r0, 0\n spm %r0\n"
    "lmg %r6, %r15, 48(%r15)\n br %r14\n"
    ".size keep_registers, .-keep_registers\n");

int main(int argc, char** argv) {
  start_test(argc, argv);
  fill_pattern(words.access_want, sizeof words.access_want, 12);
  words.conditions = CONDITIONS << 24;
  test_daemon();
  keep_registers(&words);
  for (int i = 2; i < 15; i++)
    if (words.got[i] != words.want[i]) fail("r%d is %#lx, was %#lx", i, words.got[i], words.want[i]);
  for (int i = 2; i < 16; i++)
    if (words.access_got[i] != words.access_want[i]) fail("a%d is %#x, was %#x", i, words.access_got[i], words.access_want[i]);
  expect_eq(words.conditions >> 24 & 0x3f, CONDITIONS);
  pass();
}
