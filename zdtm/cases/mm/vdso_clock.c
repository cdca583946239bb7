/* zdtm:
 * title: the vdso works after the restore: its clocks agree with the system calls and go forward
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"
#include "smaps.h"

static int64_t ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

/* The vdso's reading (through the C library) lies between two readings by system call. */
static int64_t checked_time(clockid_t clock) {
  struct timespec before, between, after;
  must(syscall(SYS_clock_gettime, clock, &before));
  must(clock_gettime(clock, &between));
  must(syscall(SYS_clock_gettime, clock, &after));
  expect(ns(before) <= ns(between) && ns(between) <= ns(after));
  return ns(between);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int64_t monotonic = checked_time(CLOCK_MONOTONIC), boot = checked_time(CLOCK_BOOTTIME);
  unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

  test_daemon();
  test_waitsig();

  struct timeval tv;
  unsigned cpu = 9999;
  expect(checked_time(CLOCK_MONOTONIC) > monotonic);
  expect(checked_time(CLOCK_BOOTTIME) > boot);
  checked_time(CLOCK_REALTIME);
  must(gettimeofday(&tv, NULL));
  expect(llabs(tv.tv_sec - time(NULL)) <= 1);
  expect(getcpu(&cpu, NULL) == 0 && cpu < 9999);
  expect_eq(getauxval(AT_SYSINFO_EHDR), vdso);
  expect(memcmp((void*)vdso, "\177ELF", 4) == 0);
  expect(strcmp(must_vma((void*)vdso).path, "[vdso]") == 0);
  pass();
}
