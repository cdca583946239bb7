/* zdtm:
 * title: all general registers, link, counter, target address, exceptions and conditions keep their values in a loop that makes no system call
 * needs: arch:ppc64le
 */
#include "check.h"

/* What r3 to r12 and r14 to r30 hold, and LR, TAR, XER and CR; r31 is where the loop finds all, and CTR counts. r1, r2 and r13 are
 * seen to be right by what comes after. */
struct words {
  uint64_t want[32], got[32], link, target, exceptions, conditions;
  volatile uint64_t stop;
};
#include "kept_registers.h"

#define EACH(op, base)                                                                                                        \
  op " 3, " base "+24(31)\n" op " 4, " base "+32(31)\n" op " 5, " base "+40(31)\n" op " 6, " base "+48(31)\n" op " 7, " base  \
     "+56(31)\n" op " 8, " base "+64(31)\n" op " 9, " base "+72(31)\n" op " 10, " base "+80(31)\n" op " 11, " base            \
     "+88(31)\n" op " 12, " base "+96(31)\n" op " 14, " base "+112(31)\n" op " 15, " base "+120(31)\n" op " 16, " base        \
     "+128(31)\n" op " 17, " base "+136(31)\n" op " 18, " base "+144(31)\n" op " 19, " base "+152(31)\n" op " 20, " base      \
     "+160(31)\n" op " 21, " base "+168(31)\n" op " 22, " base "+176(31)\n" op " 23, " base "+184(31)\n" op " 24, " base      \
     "+192(31)\n" op " 25, " base "+200(31)\n" op " 26, " base "+208(31)\n" op " 27, " base "+216(31)\n" op " 28, " base      \
     "+224(31)\n" op " 29, " base "+232(31)\n" op " 30, " base "+240(31)\n"

/* A function of its own, so that every register is its own. Condition fields 2 to 4 must be kept for the caller: CR goes to r0's
 * place on the stack; cr0 is the loop's. */
__asm__(
    ".text\n.balign 4\n.globl keep_registers\n.type keep_registers, @function\nkeep_registers:\n"
    "stdu 1, -256(1)\n mflr 0\n std 0, 32(1)\n mfcr 0\n std 0, 40(1)\n"
    "std 14, 48(1)\n std 15, 56(1)\n std 16, 64(1)\n std 17, 72(1)\n std 18, 80(1)\n std 19, 88(1)\n std 20, 96(1)\n"
    "std 21, 104(1)\n std 22, 112(1)\n std 23, 120(1)\n std 24, 128(1)\n std 25, 136(1)\n std 26, 144(1)\n std 27, 152(1)\n"
    "std 28, 160(1)\n std 29, 168(1)\n std 30, 176(1)\n std 31, 184(1)\n"
    "mr 31, 3\n"
    "ld 0, 512(31)\n mtlr 0\n ld 0, 520(31)\n mtspr 815, 0\n ld 0, 528(31)\n mtxer 0\n ld 0, 536(31)\n mtcr 0\n" EACH("ld", "0")
    "li 0, 0\n mtctr 0\n"
    "1: ld 0, 544(31)\n cmpdi 0, 0\n bne 2f\n bdnz 1b\n b 1b\n" /* the counter wraps, for hours */
    "2:\n" EACH("std", "256")
    "mflr 0\n std 0, 512(31)\n mfspr 0, 815\n std 0, 520(31)\n mfxer 0\n std 0, 528(31)\n mfcr 0\n std 0, 536(31)\n"
    "mfctr 0\n std 0, 256(31)\n"
    "ld 0, 32(1)\n mtlr 0\n ld 0, 40(1)\n mtcr 0\n"
    "ld 14, 48(1)\n ld 15, 56(1)\n ld 16, 64(1)\n ld 17, 72(1)\n ld 18, 80(1)\n ld 19, 88(1)\n ld 20, 96(1)\n"
    "ld 21, 104(1)\n ld 22, 112(1)\n ld 23, 120(1)\n ld 24, 128(1)\n ld 25, 136(1)\n ld 26, 144(1)\n ld 27, 152(1)\n"
    "ld 28, 160(1)\n ld 29, 168(1)\n ld 30, 176(1)\n ld 31, 184(1)\n"
    "addi 1, 1, 256\n blr\n"
    ".size keep_registers, .-keep_registers\n");

int main(int argc, char** argv) {
  start_test(argc, argv);
  words.link = 0x1122334455667788, words.target = 0x99aabbccddeeff00, words.exceptions = 0xa0000000, words.conditions = 0x01234567;
  test_daemon();
  keep_registers(&words);
  for (int i = 3; i < 31; i++)
    if (i != 13 && words.got[i] != words.want[i])
      fail("r%d is %#llx, was %#llx", i, (unsigned long long)words.got[i], (unsigned long long)words.want[i]);
  expect_eq(words.link, 0x1122334455667788);
  expect_eq(words.target, 0x99aabbccddeeff00);
  expect_eq(words.exceptions & 0xe0000000, 0xa0000000);
  expect_eq(words.conditions & 0x0fffffff, 0x01234567);
  if (words.got[0] == 0 || words.got[0] >> 63 == 0) fail("the counter is %#llx", (unsigned long long)words.got[0]);
  pass();
}
