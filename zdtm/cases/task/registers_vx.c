/* zdtm:
 * title: the 32 vector registers, among them the floating-point registers, and the floating-point control keep their values
 * needs: arch:s390x cpu:vx
 * build: -march=z13
 */
#include <signal.h>

#include "check.h"

static struct {
  unsigned char want[32 * 16], got[32 * 16];
  uint32_t control, pad;
  volatile uint64_t stop;
} words;

static void handler(int sig) {
  (void)sig;
  words.stop = 1;
}

/* Rounds towards zero; has met an inexact result. */
#define CONTROL 0x00080001u

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_handler = handler};
  test_init(argc, argv);
  sigaction(SIGTERM, &sa, NULL);
  fill_pattern(words.want, sizeof words.want, 7);
  words.control = CONTROL;
  test_daemon();
  __asm__ volatile(
      "lgr %%r1, %[words]\n"
      "lfpc 1024(%%r1)\n vlm %%v0, %%v15, 0(%%r1)\n vlm %%v16, %%v31, 256(%%r1)\n"
      "1: lg %%r0, 1032(%%r1)\n cgije %%r0, 0, 1b\n"
      "vstm %%v0, %%v15, 512(%%r1)\n vstm %%v16, %%v31, 768(%%r1)\n stfpc 1024(%%r1)\n"
      "lghi %%r0, 0\n sfpc %%r0\n"
      :
      : [words] "a"(&words)
      : "r0", "r1", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
        "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  expect_eq(words.control, CONTROL);
  if (check_pattern(words.got, sizeof words.got, 7)) die("vector registers have changed");
  pass();
}
