/* zdtm:
 * title: timers that end one after the other all through the dump: each signals once
 * compare: notasks - timers fire while it is dumped and restored
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

enum { kTimers = 1500, kStep_us = 400 };

int main(int argc, char** argv) {
  static int signals[kTimers];
  sigset_t set;
  siginfo_t info;
  test_init(argc, argv);
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  must(sigprocmask(SIG_BLOCK, &set, NULL));
  for (int i = 0; i < kTimers; i++) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = i};
    long us = (i + 1) * kStep_us;
    struct itimerspec at = {.it_value = {us / 1000000, us % 1000000 * 1000}};
    int id;
    must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    must(syscall(SYS_timer_settime, id, 0, &at, NULL));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kTimers; i++) {
    struct timespec limit = {10, 0};
    int signal = sigtimedwait(&set, &info, &limit);
    if (signal < 0) die("only %d of %d timers: %s", i, kTimers, strerror(errno));
    expect_eq(info.si_code, SI_TIMER);
    if (signals[info.si_value.sival_int]++) die("timer %d twice", info.si_value.sival_int);
  }
  struct timespec soon = {0, 20000000};
  expect(sigtimedwait(&set, &info, &soon) < 0 && errno == EAGAIN);
  pass();
}
