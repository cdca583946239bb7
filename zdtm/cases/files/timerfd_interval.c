/* zdtm:
 * title: a timerfd with a short interval goes on ticking, and one-shot expiry comes once
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct itimerspec tick = {.it_value = {0, 20000000}, .it_interval = {0, 20000000}},
                    once = {.it_value = {0, 30000000}};
  uint64_t times;
  test_init(argc, argv);
  int ticking = must(timerfd_create(CLOCK_MONOTONIC, 0)), single = must(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));
  must(timerfd_settime(ticking, 0, &tick, NULL));
  must(timerfd_settime(single, 0, &once, NULL));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; i++) { /* four reads that have to wait for the next tick: it is alive */
    expect_eq(read(ticking, &times, sizeof(times)), sizeof(times));
    expect(times >= 1);
  }
  struct pollfd p = {.fd = single, .events = POLLIN};
  expect_eq(poll(&p, 1, 1000), 1);
  expect_eq(read(single, &times, sizeof(times)), sizeof(times));
  expect_eq(times, 1);
  expect_errno(read(single, &times, sizeof(times)), EAGAIN);
  pass();
}
