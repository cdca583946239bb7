/* zdtm:
 * title: a task inside a signal handler returns from it although the vdso is another kernel's
 * needs: arch:x86_64
 * rewrite: vdso_of_another_kernel
 * compare: nomaps - the old vdso stays as ordinary memory, the kernel's own comes besides
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <time.h>

#include "check.h"

static volatile int handled;
static volatile char *frame_restorer;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info, (void)context;
  /* What the handler returns to lies right below what the kernel has put on the stack for it. */
  frame_restorer = __builtin_return_address(0);
  test_daemon();
  test_waitsig();
  handled = 1;
}

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  struct timespec before, after;
  test_init(argc, argv);
  must(clock_gettime(CLOCK_MONOTONIC, &before));
  must(sigaction(SIGUSR1, &sa, NULL));
  must(raise(SIGUSR1));
  expect(handled == 1);
  must(clock_gettime(CLOCK_MONOTONIC, &after));
  expect(after.tv_sec > before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec > before.tv_nsec));
  /* x86_64 has no sigreturn in its vdso: the kernel refuses a handler without a restorer of the program's own. */
  Dl_info where;
  expect(dladdr((void*)frame_restorer, &where) != 0 && where.dli_fname[0] == '/');
  pass();
}
