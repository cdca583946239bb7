/* zdtm:
 * title: sleeps, futexes and timerfds until an absolute time end then, POSIX timers late by the time in images
 * compare: notasks - timers fire and threads end while it is dumped and restored
 * outside: clocks of the world go on while those of a time namespace stand still
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "blocked.h"
#include "check.h"

enum { kClocks = 3, kKinds = 2, kSoon_ms = 600, kLater_ms = 9000, kSlack_ms = 400, kInImages_ms = 4000 };
static const clockid_t kClock[kClocks] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};

/* What waits for one instant of one clock. */
struct waiter {
  clockid_t clock;
  int64_t when, ended[2]; /* of a sleep, of a futex */
  int result[2];
  int timerfd, timer;
  pthread_t sleeper, futex;
};
static struct waiter waiters[kClocks][kKinds];

static struct timespec instant(int64_t ns) { return (struct timespec){ns / 1000000000, ns % 1000000000}; }

static void* sleep_until(void* arg) {
  struct waiter* w = arg;
  struct timespec at = instant(w->when);
  w->result[0] = clock_nanosleep(w->clock, TIMER_ABSTIME, &at, NULL);
  w->ended[0] = now_ns(w->clock);
  return NULL;
}

/* A futex knows two clocks. */
static void* wait_until(void* arg) {
  struct waiter* w = arg;
  struct timespec at = instant(w->when);
  static int word;
  int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | (w->clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
  w->result[1] = syscall(SYS_futex, &word, op, 0, &at, NULL, ~0u) < 0 ? errno : 0;
  w->ended[1] = now_ns(w->clock);
  return NULL;
}

static void start(struct waiter* w, clockid_t clock, int ms, int signal) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = signal};
  w->clock = clock;
  w->when = now_ns(clock) + ms * 1000000ll;
  struct itimerspec at = {.it_value = instant(w->when)};
  w->timerfd = must(timerfd_create(clock, TFD_NONBLOCK));
  must(timerfd_settime(w->timerfd, TFD_TIMER_ABSTIME, &at, NULL));
  must(syscall(SYS_timer_create, clock, &event, &w->timer));
  must(syscall(SYS_timer_settime, w->timer, TIMER_ABSTIME, &at, NULL));
  if (pthread_create(&w->sleeper, NULL, sleep_until, w)) die("pthread_create");
  if (clock != CLOCK_BOOTTIME && pthread_create(&w->futex, NULL, wait_until, w)) die("pthread_create");
}

/* `allowed_ms`: how late it may be. */
static void in_time(const char* what, const struct waiter* w, int64_t now, int64_t least, int allowed_ms) {
  int64_t due = w->when > least ? w->when : least, late = (now - due) / 1000000;
  if (now < w->when || late > allowed_ms) die("%s on clock %d: %lld ms late", what, w->clock, (long long)late);
}

/* `least`: when the program could look at the earliest. */
static void finish(struct waiter* w, int64_t least) {
  struct pollfd p = {.fd = w->timerfd, .events = POLLIN};
  uint64_t expirations = 0;
  expect_eq(poll(&p, 1, 20000), 1);
  in_time("timerfd", w, now_ns(w->clock), least, kSlack_ms);
  expect_eq(read(w->timerfd, &expirations, sizeof expirations), sizeof expirations);
  expect_eq(expirations, 1);
  pthread_join(w->sleeper, NULL);
  expect_eq(w->result[0], 0);
  in_time("clock_nanosleep", w, w->ended[0], least, kSlack_ms);
  if (w->clock == CLOCK_BOOTTIME) return;
  pthread_join(w->futex, NULL);
  expect_eq(w->result[1], ETIMEDOUT);
  in_time("futex", w, w->ended[1], least, kSlack_ms);
}

/* Behind everything else, since they are late. */
static void finish_timer(struct waiter* w, int signal, int64_t least) {
  struct timespec limit = {20, 0};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  expect_eq(sigtimedwait(&set, NULL, &limit), signal);
  in_time("timer", w, now_ns(w->clock), least, kSlack_ms + kInImages_ms);
}

int main(int argc, char** argv) {
  sigset_t all;
  int signal = SIGRTMIN;
  test_init(argc, argv);
  sigemptyset(&all);
  for (int i = 0; i < kClocks * kKinds; i++) sigaddset(&all, SIGRTMIN + i);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  for (int c = 0; c < kClocks; c++)
    for (int k = 0; k < kKinds; k++) start(&waiters[c][k], kClock[c], k == 0 ? kSoon_ms : kLater_ms, signal++);

  test_daemon();
  test_waitsig();

  int64_t least[kClocks];
  for (int c = 0; c < kClocks; c++) least[c] = now_ns(kClock[c]);
  for (int k = 0; k < kKinds; k++) {
    for (int c = 0; c < kClocks; c++) finish(&waiters[c][k], least[c]);
    for (int c = 0; c < kClocks; c++) finish_timer(&waiters[c][k], SIGRTMIN + c * kKinds + k, least[c]);
  }
  pass();
}
