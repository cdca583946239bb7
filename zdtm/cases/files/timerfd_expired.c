/* zdtm:
 * title: expirations that nobody has read yet are still there to be read: one-shot, and a count of many
 */
#define _GNU_SOURCE
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  /* Each has expired before the dump and will not expire again for a long time. */
  struct itimerspec once = {.it_value = {0, 1}}, fast = {.it_value = {0, 1}, .it_interval = {0, 1000000}}, off = {0};
  struct itimerspec slow = {.it_value = {0, 1}, .it_interval = {4000, 0}}, now;
  uint64_t times;
  test_init(argc, argv);
  int single = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)),
      many = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  int again = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK)),
      read_out = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  must(timerfd_settime(single, 0, &once, NULL));
  must(timerfd_settime(many, 0, &fast, NULL));
  must(timerfd_settime(again, 0, &slow, NULL));
  must(timerfd_settime(read_out, 0, &once, NULL));
  usleep(20000);
  must(read(read_out, &times, sizeof(times)));
  must(timerfd_settime(read_out, 0, &off, NULL));

  test_daemon();
  test_waitsig();

  expect_eq(read(single, &times, sizeof(times)), sizeof(times));
  expect_eq(times, 1);
  expect_errno(read(single, &times, sizeof(times)), EAGAIN);
  expect_eq(read(many, &times, sizeof(times)), sizeof(times));
  expect(times >= 19);
  expect_eq(read(again, &times, sizeof(times)), sizeof(times));
  expect_eq(times, 1);
  must(timerfd_gettime(again, &now));
  expect(now.it_value.tv_sec > 3000 && now.it_interval.tv_sec == 4000);
  expect_errno(read(read_out, &times, sizeof(times)), EAGAIN);
  pass();
}
