/* zdtm:
 * title: a 32-bit program: all registers keep their values in a loop that makes no system call
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include <signal.h>

#include "check.h"

static volatile int stop;
static uint32_t bad;

static void handler(int sig) {
  (void)sig;
  stop = 1;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  /* The loop below must not call anything, so it needs the flag of a handler of its own. */
  signal(SIGTERM, handler);
  test_daemon();
  __asm__ volatile(
      "push %%ebp\n"
      "mov $0x81010101, %%eax\n mov $0x82020202, %%ebx\n mov $0x83030303, %%ecx\n mov $0x84040404, %%edx\n"
      "mov $0x85050505, %%esi\n mov $0x86060606, %%edi\n mov $0x87070707, %%ebp\n std\n"
      "1: cmpl $0, %1\n je 1b\n"
      "xor $0x81010101, %%eax\n xor $0x82020202, %%ebx\n xor $0x83030303, %%ecx\n xor $0x84040404, %%edx\n"
      "xor $0x85050505, %%esi\n xor $0x86060606, %%edi\n xor $0x87070707, %%ebp\n"
      "or %%ebx, %%eax\n or %%ecx, %%eax\n or %%edx, %%eax\n or %%esi, %%eax\n or %%edi, %%eax\n or %%ebp, %%eax\n"
      "pushf\n pop %%ebx\n not %%ebx\n and $0x400, %%ebx\n or %%ebx, %%eax\n cld\n" /* the direction flag */
      "mov %%eax, %0\n pop %%ebp\n"
      : "=m"(bad)
      : "m"(stop)
      : "eax", "ebx", "ecx", "edx", "esi", "edi", "cc", "memory");
  expect_eq(bad, 0u);
  pass();
}
