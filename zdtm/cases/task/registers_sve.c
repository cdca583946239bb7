/* zdtm:
 * title: scalable vectors, predicates and the vector length of a thread are kept, in a thread that sleeps the length
 * needs: arch:aarch64 cpu:sve
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "check.h"

enum { LENGTH = 32 }; /* not the default, which is 64 where there is as much */
static unsigned char want[32 * LENGTH] __attribute__((aligned(16))), got[32 * LENGTH] __attribute__((aligned(16)));
static unsigned char want_p[17 * LENGTH / 8], got_p[17 * LENGTH / 8];
static volatile uint64_t stop;
static volatile int of_sleeper;
static pthread_barrier_t ready, over;

static void handler(int sig) {
  (void)sig;
  stop = 1;
}

static void* sleeper(void* none) {
  must(prctl(PR_SVE_SET_VL, 16));
  pthread_barrier_wait(&ready);
  pthread_barrier_wait(&over);
  of_sleeper = prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK;
  return none;
}

#define Z4(op, a, b, c, d, at) \
  op " z" #a ", [" at ", " #a ", mul vl]\n" op " z" #b ", [" at ", " #b ", mul vl]\n" \
  op " z" #c ", [" at ", " #c ", mul vl]\n" op " z" #d ", [" at ", " #d ", mul vl]\n"
#define ALL_Z(op, at)                                                                              \
  Z4(op, 0, 1, 2, 3, at) Z4(op, 4, 5, 6, 7, at) Z4(op, 8, 9, 10, 11, at) Z4(op, 12, 13, 14, 15, at) \
  Z4(op, 16, 17, 18, 19, at) Z4(op, 20, 21, 22, 23, at) Z4(op, 24, 25, 26, 27, at) Z4(op, 28, 29, 30, 31, at)
#define P4(op, a, b, c, d, at) \
  op " p" #a ", [" at ", " #a ", mul vl]\n" op " p" #b ", [" at ", " #b ", mul vl]\n" \
  op " p" #c ", [" at ", " #c ", mul vl]\n" op " p" #d ", [" at ", " #d ", mul vl]\n"
#define ALL_P(op, at) P4(op, 0, 1, 2, 3, at) P4(op, 4, 5, 6, 7, at) P4(op, 8, 9, 10, 11, at) P4(op, 12, 13, 14, 15, at)

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_handler = handler};
  pthread_t thread;
  sigset_t term;
  test_init(argc, argv);
  sigaction(SIGTERM, &sa, NULL); /* the loop must not call anything: a system call drops what it checks */
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_barrier_init(&ready, NULL, 2);
  pthread_barrier_init(&over, NULL, 2);
  pthread_sigmask(SIG_BLOCK, &term, NULL);
  must(pthread_create(&thread, NULL, sleeper, NULL));
  pthread_sigmask(SIG_UNBLOCK, &term, NULL);
  pthread_barrier_wait(&ready);
  if ((prctl(PR_SVE_SET_VL, LENGTH) & PR_SVE_VL_LEN_MASK) != LENGTH) skip("this CPU has no vectors of %d bytes", LENGTH);
  fill_pattern(want, sizeof want, 7);
  fill_pattern(want_p, 16 * LENGTH / 8, 9);
  memset(want_p + 16 * LENGTH / 8, 0x0f, LENGTH / 8); /* the first-fault register takes no holes */
  memset(want_p + 16 * LENGTH / 8 + 1, 0, LENGTH / 8 - 1);
  test_daemon();
  uint64_t length;
  __asm__ volatile(
      ".arch_extension sve\n"
      "ldr p0, [%2, 16, mul vl]\n wrffr p0.b\n" ALL_Z("ldr", "%1") ALL_P("ldr", "%2")
      "1: ldr x9, %5\n cbz x9, 1b\n"
      ALL_Z("str", "%3") ALL_P("str", "%4") "rdffr p0.b\n str p0, [%4, 16, mul vl]\n"
      "rdvl %0, 1\n"
      : "=&r"(length)
      : "r"(want), "r"(want_p), "r"(got), "r"(got_p), "m"(stop)
      : "x9", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
        "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  pthread_barrier_wait(&over);
  pthread_join(thread, NULL);
  expect_eq(length, LENGTH);
  expect_eq(of_sleeper, 16);
  expect_eq(memcmp(got_p, want_p, sizeof got_p), 0);
  if (check_pattern(got, sizeof got, 7)) die("scalable vectors have changed");
  pass();
}
