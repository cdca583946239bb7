/* zdtm:
 * title: PR_TIMER_CREATE_RESTORE_IDS: a process that gives its timers their ids goes on doing so, another does not
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"
#include "waiting_child.h"

enum { kTimerIds = 77, kOff = 0, kOn = 1, kGet = 2 };

static int make_timer(int id) {
  struct sigevent none = {.sigev_notify = SIGEV_NONE};
  must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &id));
  return id;
}

static void turn_off(void* unused) {
  (void)unused;
  must(prctl(kTimerIds, kOff, 0, 0, 0));
}

static void check_off(void* unused) {
  (void)unused;
  expect_eq(prctl(kTimerIds, kGet, 0, 0, 0), 0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (prctl(kTimerIds, kOn, 0, 0, 0)) skip("no PR_TIMER_CREATE_RESTORE_IDS here: %s", strerror(errno));
  expect_eq(make_timer(17), 17);
  pid_t child = waiting_child_start(turn_off, check_off, NULL);

  test_daemon();
  test_waitsig();

  expect_eq(prctl(kTimerIds, kGet, 0, 0, 0), 1);
  expect_eq(make_timer(4711), 4711);
  must(syscall(SYS_timer_delete, 17));
  waiting_child_finish(child);
  pass();
}
