/* What the cases of a foreign vdso share: functions of the vdso, found before the dump, must go on working after it. */
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"
#include "smaps.h"
#include "vdso_symbol.h"

static int (*get_time)(clockid_t, struct timespec*);
static volatile sig_atomic_t caught;
static void count(int sig) { caught += sig == SIGUSR1; }

/* By a pointer that was looked up before, and by the C library's. */
static void check_clocks(void) {
  struct timespec by_call, by_pointer, by_library, at_last;
  struct timeval tv;
  must(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_call));
  must(get_time(CLOCK_MONOTONIC, &by_pointer));
  must(clock_gettime(CLOCK_MONOTONIC, &by_library));
  must(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &at_last));
  struct timespec* order[] = {&by_call, &by_pointer, &by_library, &at_last};
  for (int i = 0; i < 3; i++)
    expect(order[i]->tv_sec < order[i + 1]->tv_sec ||
           (order[i]->tv_sec == order[i + 1]->tv_sec && order[i]->tv_nsec <= order[i + 1]->tv_nsec));
  must(gettimeofday(&tv, NULL));
  expect(llabs(tv.tv_sec - time(NULL)) <= 1);
  must(clock_getres(CLOCK_MONOTONIC, &by_call));
}

/* `in_place`: the kernel's own vdso lies where the old one was. */
static int vdso_case(int argc, char** argv, int in_place) {
  test_init(argc, argv);
  get_time = vdso_symbol("__vdso_clock_gettime");
  if (!get_time) skip("this kernel's vdso has no clock_gettime");
  unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
  signal(SIGUSR1, count);
  check_clocks();

  test_daemon();
  test_waitsig();

  unsigned cpu = 9999;
  int (*get_cpu)(unsigned*, unsigned*, void*) = vdso_symbol("getcpu");
  check_clocks();
  expect_eq(getauxval(AT_SYSINFO_EHDR), vdso);
  expect(get_cpu && get_cpu(&cpu, NULL, NULL) == 0 && cpu < 9999);
  must(raise(SIGUSR1));
  expect_eq(caught, 1);
  expect_eq(strcmp(must_vma((void*)vdso).path, "[vdso]") == 0, in_place);
  pass();
  return 0;
}
