/* zdtm:
 * title: the 32 vector registers, rounding mode and exception flags keep their values
 * needs: arch:aarch64
 */
#include <signal.h>

#include "check.h"

static unsigned char want[32 * 16] __attribute__((aligned(16))), got[32 * 16] __attribute__((aligned(16)));
static volatile uint64_t stop;
static uint64_t control, status;

static void handler(int sig) {
  (void)sig;
  stop = 1;
}

#define FOUR(op, n, m, o, p, at) op " {v" #n ".16b, v" #m ".16b, v" #o ".16b, v" #p ".16b}, [" at "], 64\n"
#define ALL(op, at)                                                                                             \
  FOUR(op, 0, 1, 2, 3, at) FOUR(op, 4, 5, 6, 7, at) FOUR(op, 8, 9, 10, 11, at) FOUR(op, 12, 13, 14, 15, at)     \
  FOUR(op, 16, 17, 18, 19, at) FOUR(op, 20, 21, 22, 23, at) FOUR(op, 24, 25, 26, 27, at) FOUR(op, 28, 29, 30, 31, at)

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_handler = handler};
  test_init(argc, argv);
  sigaction(SIGTERM, &sa, NULL); /* the loop must not call anything that uses the registers */
  fill_pattern(want, sizeof want, 7);
  test_daemon();
  unsigned char *from = want, *to = got;
  __asm__ volatile(
      "mov x9, 0xc00000\n msr fpcr, x9\n" /* towards zero */
      "mov x9, 0x10\n msr fpsr, x9\n"     /* inexact */
      ALL("ld1", "%0")
      "1: ldr x9, %4\n cbz x9, 1b\n"
      ALL("st1", "%1")
      "mrs %2, fpcr\n mrs %3, fpsr\n msr fpcr, xzr\n"
      : "+r"(from), "+r"(to), "=&r"(control), "=&r"(status)
      : "m"(stop)
      : "x9", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
        "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  expect_eq(control, 0xc00000);
  expect_eq(status, 0x10);
  if (check_pattern(got, sizeof got, 7)) die("vector registers have changed");
  pass();
}
