/* zdtm:
 * title: all general registers, the flags and the thread pointer keep their values in a loop that makes no system call
 * needs: arch:aarch64
 */
#include "check.h"

/* x0 to x28 and x30, which hold the words of `want`; the last two of them are where the loop finds the words and what it waits for. */
struct words {
  uint64_t want[30], got[30], flags, thread;
  volatile uint64_t stop;
};
#include "kept_registers.h"

/* A function of its own, so that every register is its own: x18 to x28, x29 and x30 go to the stack. x29 is the loop's. */
__asm__(
    ".text\n.balign 4\n.globl keep_registers\n.type keep_registers, %function\nkeep_registers:\n"
    "sub sp, sp, 112\n"
    "stp x18, x19, [sp]\n stp x20, x21, [sp, 16]\n stp x22, x23, [sp, 32]\n stp x24, x25, [sp, 48]\n"
    "stp x26, x27, [sp, 64]\n stp x28, x29, [sp, 80]\n str x30, [sp, 96]\n"
    "mov x29, 0x90000000\n msr nzcv, x29\n" /* negative, overflow */
    "mov x28, x0\n ldr x30, [x28, 232]\n"
    "ldp x0, x1, [x28]\n ldp x2, x3, [x28, 16]\n ldp x4, x5, [x28, 32]\n ldp x6, x7, [x28, 48]\n"
    "ldp x8, x9, [x28, 64]\n ldp x10, x11, [x28, 80]\n ldp x12, x13, [x28, 96]\n ldp x14, x15, [x28, 112]\n"
    "ldp x16, x17, [x28, 128]\n ldp x18, x19, [x28, 144]\n ldp x20, x21, [x28, 160]\n ldp x22, x23, [x28, 176]\n"
    "ldp x24, x25, [x28, 192]\n ldp x26, x27, [x28, 208]\n"
    "1: ldr x29, [x28, 496]\n cbz x29, 1b\n"
    "mrs x29, nzcv\n str x29, [x28, 480]\n mrs x29, tpidr_el0\n str x29, [x28, 488]\n"
    "str x28, [x28, 464]\n str x30, [x28, 472]\n add x28, x28, 240\n"
    "stp x0, x1, [x28]\n stp x2, x3, [x28, 16]\n stp x4, x5, [x28, 32]\n stp x6, x7, [x28, 48]\n"
    "stp x8, x9, [x28, 64]\n stp x10, x11, [x28, 80]\n stp x12, x13, [x28, 96]\n stp x14, x15, [x28, 112]\n"
    "stp x16, x17, [x28, 128]\n stp x18, x19, [x28, 144]\n stp x20, x21, [x28, 160]\n stp x22, x23, [x28, 176]\n"
    "stp x24, x25, [x28, 192]\n stp x26, x27, [x28, 208]\n"
    "ldp x18, x19, [sp]\n ldp x20, x21, [sp, 16]\n ldp x22, x23, [sp, 32]\n ldp x24, x25, [sp, 48]\n"
    "ldp x26, x27, [sp, 64]\n ldp x28, x29, [sp, 80]\n ldr x30, [sp, 96]\n"
    "add sp, sp, 112\n ret\n"
    ".size keep_registers, .-keep_registers\n");

int main(int argc, char** argv) {
  start_test(argc, argv);
  words.want[28] = (uint64_t)&words;
  test_daemon();
  keep_registers(&words);
  for (int i = 0; i < 30; i++)
    if (words.got[i] != words.want[i])
      fail("x%d is %#llx, was %#llx", i < 29 ? i : 30, (unsigned long long)words.got[i], (unsigned long long)words.want[i]);
  expect_eq(words.flags, 0x90000000);
  expect_eq(words.thread, (uint64_t)__builtin_thread_pointer());
  pass();
}
