/* zdtm:
 * title: timerfds set to absolute times keep them to the ms, also with ends that came meanwhile; one with TFD_TIMER_CANCEL_ON_SET
 */
#define _GNU_SOURCE
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"
#include "descriptors.h"

enum { kTimers = 3, kInterval_ms = 10 };

static int64_t now_us(clockid_t clock) {
  struct timespec now;
  must(clock_gettime(clock, &now));
  return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

/* The absolute end of a timer by what is left of it; the least of some looks, since we may be interrupted in one. */
static int64_t end_us(int fd, clockid_t clock) {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 20; i++) {
    struct itimerspec left;
    must(timerfd_gettime(fd, &left));
    int64_t end = now_us(clock) + left.it_value.tv_sec * 1000000ll + left.it_value.tv_nsec / 1000;
    if (end < least) least = end;
  }
  return least;
}

static int timer_at(clockid_t clock, int after_s, int interval_ms, int flags) {
  struct itimerspec at = {.it_interval = {0, interval_ms * 1000000}};
  int fd = must(timerfd_create(clock, TFD_NONBLOCK));
  must(clock_gettime(clock, &at.it_value));
  at.it_value.tv_sec += after_s;
  must(timerfd_settime(fd, TFD_TIMER_ABSTIME | flags, &at, NULL));
  return fd;
}

/* How often a timer has ended that started to at `start`, unread: between two looks at the clock. */
static void expect_all_ends(int fd, int64_t start_us) {
  uint64_t ends = 0;
  int64_t before = now_us(CLOCK_REALTIME) - start_us;
  expect_eq(read(fd, &ends, sizeof(ends)), sizeof(ends));
  int64_t after = now_us(CLOCK_REALTIME) - start_us, least = before / 1000 / kInterval_ms;
  if ((int64_t)ends < least || (int64_t)ends > after / 1000 / kInterval_ms + 2)
    die("%llu ends in %lld to %lld us", (unsigned long long)ends, (long long)before, (long long)after);
}

int main(int argc, char** argv) {
  static const clockid_t kClock[kTimers] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME};
  int fd[kTimers], flags[kTimers];
  int64_t end[kTimers];
  test_init(argc, argv);
  for (int i = 0; i < kTimers; i++) {
    fd[i] = timer_at(kClock[i], 9000, 0, i == 2 ? TFD_TIMER_CANCEL_ON_SET : 0);
    end[i] = end_us(fd[i], kClock[i]);
    flags[i] = strtol(fdinfo_line(fd[i], "settime flags:"), NULL, 8);
  }
  int64_t start = now_us(CLOCK_REALTIME);
  int unread = timer_at(CLOCK_REALTIME, 0, kInterval_ms, 0);

  test_daemon();
  test_waitsig();

  expect_all_ends(unread, start);
  for (int i = 0; i < kTimers; i++) {
    /* A time namespace's clocks stand still in images, from a moment of the dump on. */
    int64_t allowed = kClock[i] == CLOCK_REALTIME ? 2000 : 1000000, moved = end_us(fd[i], kClock[i]) - end[i];
    if (llabs(moved) > allowed) die("timer %d ends %lld us later", i, (long long)moved);
    expect_eq(strtol(fdinfo_line(fd[i], "settime flags:"), NULL, 8), flags[i]);
  }
  expect_eq(flags[2], TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
  pass();
}
