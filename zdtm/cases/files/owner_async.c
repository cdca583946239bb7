/* zdtm:
 * title: O_ASYNC works on: data in a pipe raises the chosen signal with the descriptor's number in it
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"

static volatile sig_atomic_t told_fd = -1;

static void on_signal(int sig, siginfo_t* info, void* context) {
  (void)sig, (void)context;
  told_fd = info->si_fd;
}

int main(int argc, char** argv) {
  struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  int p[2], dead[2];
  test_init(argc, argv);
  must(sigaction(SIGRTMIN + 2, &sa, NULL));
  must(pipe(p));
  must(pipe(dead));
  struct f_owner_ex me = {F_OWNER_TID, gettid()};
  must(fcntl(p[0], F_SETOWN_EX, &me));
  must(fcntl(p[0], F_SETSIG, SIGRTMIN + 2));
  must(fcntl(p[0], F_SETFL, O_ASYNC));
  /* An owner set and taken away again. */
  must(fcntl(dead[0], F_SETOWN, getpid()));
  must(fcntl(dead[0], F_SETOWN, 0));

  test_daemon();
  test_waitsig();

  expect(fcntl(p[0], F_GETFL) & O_ASYNC);
  expect_eq(told_fd, -1); /* the restore itself must not set it off */
  write_text(p[1], "x");
  expect_eq(told_fd, p[0]);
  expect_eq(fcntl(dead[0], F_GETOWN), 0);
  pass();
}
