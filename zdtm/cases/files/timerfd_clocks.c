/* zdtm:
 * title: timerfds of every clock: unarmed, armed for later, with an interval; flags
 */
#define _GNU_SOURCE
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"
#include "descriptors.h"

static const int kClocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM,
                              CLOCK_BOOTTIME_ALARM};
enum { kCount = sizeof(kClocks) / sizeof(kClocks[0]), kLong = 5000 };

int main(int argc, char** argv) {
  int armed[kCount], idle[kCount];
  struct itimerspec set = {.it_value = {kLong, 500000000}, .it_interval = {300, 7}}, now;
  uint64_t times;
  test_init(argc, argv);
  for (int i = 0; i < kCount; i++) {
    armed[i] = timerfd_create(kClocks[i], TFD_NONBLOCK | (i % 2 ? TFD_CLOEXEC : 0));
    if (armed[i] < 0 && i >= 3) { /* the alarm clocks need CAP_WAKE_ALARM and a real-time clock device */
      test_msg("clock %d: %s", kClocks[i], strerror(errno));
      continue;
    }
    must(armed[i]);
    idle[i] = must(timerfd_create(kClocks[i], 0));
    must(timerfd_settime(armed[i], 0, &set, NULL));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    char clock[16];
    if (armed[i] < 0) continue;
    snprintf(clock, sizeof(clock), " %d", kClocks[i]);
    expect(strcmp(fdinfo_line(armed[i], "clockid:"), clock) == 0);
    expect(strcmp(fdinfo_line(idle[i], "clockid:"), clock) == 0);
    must(timerfd_gettime(armed[i], &now));
    expect(now.it_value.tv_sec > kLong - 300 && now.it_value.tv_sec <= kLong);
    expect(now.it_interval.tv_sec == 300 && now.it_interval.tv_nsec == 7);
    expect_errno(read(armed[i], &times, sizeof(times)), EAGAIN);
    must(timerfd_gettime(idle[i], &now));
    expect(now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0 && now.it_interval.tv_sec == 0);
    expect_eq(fcntl(armed[i], F_GETFD), i % 2 ? FD_CLOEXEC : 0);
    expect_eq(fcntl(idle[i], F_GETFL) & O_NONBLOCK, 0);
  }
  pass();
}
