/* zdtm:
 * title: the 64 vector registers, rounding mode, saturation and vector save register keep their values
 * needs: arch:ppc64le
 * build: -mvsx -maltivec
 */
#include <signal.h>

#include "check.h"

static unsigned char want[64 * 16] __attribute__((aligned(16))), got[64 * 16] __attribute__((aligned(16)));
static volatile uint64_t stop;
static double status;
static unsigned saturation[4] __attribute__((aligned(16)));
static uint64_t save;

static void handler(int sig) {
  (void)sig;
  stop = 1;
}

#define FOUR(op, n, m, o, p)                                                                                                        \
  op " " #n ", 0, 9\n addi 9, 9, 16\n" op " " #m ", 0, 9\n addi 9, 9, 16\n" op " " #o ", 0, 9\n addi 9, 9, 16\n" op " " #p \
     ", 0, 9\n addi 9, 9, 16\n"
#define ALL(op)                                                                                                           \
  FOUR(op, 0, 1, 2, 3) FOUR(op, 4, 5, 6, 7) FOUR(op, 8, 9, 10, 11) FOUR(op, 12, 13, 14, 15) FOUR(op, 16, 17, 18, 19)      \
  FOUR(op, 20, 21, 22, 23) FOUR(op, 24, 25, 26, 27) FOUR(op, 28, 29, 30, 31) FOUR(op, 32, 33, 34, 35) FOUR(op, 36, 37, 38, 39) \
  FOUR(op, 40, 41, 42, 43) FOUR(op, 44, 45, 46, 47) FOUR(op, 48, 49, 50, 51) FOUR(op, 52, 53, 54, 55) FOUR(op, 56, 57, 58, 59) \
  FOUR(op, 60, 61, 62, 63)

#define V(n) "v" #n

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_handler = handler};
  unsigned char *from = want, *to = got;
  test_init(argc, argv);
  sigaction(SIGTERM, &sa, NULL); /* the loop must not call anything that uses the registers */
  fill_pattern(want, sizeof want, 7);
  test_daemon();
  __asm__ volatile(
      "mtfsfi 7, 1\n"                         /* towards zero */
      "vspltisw 0, 1\n mtvscr 0\n"            /* saturated */
      "li 9, 0x5a5\n mtvrsave 9\n"
      "mr 9, %[from]\n" ALL("lxvd2x")
      "1: ld 9, 0(%[stop])\n cmpdi 9, 0\n beq 1b\n"
      "mr 9, %[to]\n" ALL("stxvd2x")
      "mfvscr 0\n stvx 0, 0, %[saturation]\n mffs 0\n stfd 0, 0(%[status])\n mfvrsave 9\n std 9, 0(%[save])\n"
      "mtfsfi 7, 0\n"
      :
      : [from] "b"(from), [to] "b"(to), [stop] "b"(&stop), [saturation] "b"(saturation), [status] "b"(&status), [save] "b"(&save)
      : "r9", "cr0", "memory", "fr0", "fr1", "fr2", "fr3", "fr4", "fr5", "fr6", "fr7", "fr8", "fr9", "fr10", "fr11", "fr12", "fr13", "fr14",
        "fr15", "fr16", "fr17", "fr18", "fr19", "fr20", "fr21", "fr22", "fr23", "fr24", "fr25", "fr26", "fr27", "fr28", "fr29", "fr30",
        "fr31", V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15), V(16), V(17), V(18),
        V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31));
  uint64_t word;
  __builtin_memcpy(&word, &status, sizeof word);
  expect_eq(word & 3, 1);
  expect_eq(saturation[0], 1);
  expect_eq(save, 0x5a5);
  if (check_pattern(got, sizeof got, 7)) die("vector registers have changed");
  pass();
}
