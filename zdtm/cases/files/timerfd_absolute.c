/* zdtm:
 * title: timerfds set to absolute times keep them; one with TFD_TIMER_CANCEL_ON_SET
 */
#define _GNU_SOURCE
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"
#include "descriptors.h"

/* The absolute end of a timer, by what is left of it. */
static int64_t end_of(int fd, clockid_t clock) {
  struct itimerspec left;
  struct timespec now;
  must(timerfd_gettime(fd, &left));
  must(clock_gettime(clock, &now));
  return (now.tv_sec + left.it_value.tv_sec) * 1000ll + (now.tv_nsec + left.it_value.tv_nsec) / 1000000;
}

int main(int argc, char** argv) {
  static const clockid_t kClock[3] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME};
  int fd[3], flags[3];
  int64_t end[3];
  test_init(argc, argv);
  for (int i = 0; i < 3; i++) {
    struct itimerspec at = {0};
    must(clock_gettime(kClock[i], &at.it_value));
    at.it_value.tv_sec += 9000;
    fd[i] = must(timerfd_create(kClock[i], TFD_NONBLOCK));
    must(timerfd_settime(fd[i], TFD_TIMER_ABSTIME | (i == 2 ? TFD_TIMER_CANCEL_ON_SET : 0), &at, NULL));
    end[i] = end_of(fd[i], kClock[i]);
    flags[i] = strtol(fdinfo_line(fd[i], "settime flags:"), NULL, 8);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 3; i++) {
    expect(llabs(end_of(fd[i], kClock[i]) - end[i]) < 1000);
    expect_eq(strtol(fdinfo_line(fd[i], "settime flags:"), NULL, 8), flags[i]);
  }
  expect_eq(flags[2], TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
  pass();
}
