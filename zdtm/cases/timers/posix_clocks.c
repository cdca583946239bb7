/* zdtm:
 * title: POSIX timers on every clock keep remaining time, interval and clock
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "proc.h"
#include "zdtm.h"

static const struct {
	clockid_t clock;
	const char *name;
} clocks[] = { { CLOCK_REALTIME, "realtime" }, { CLOCK_MONOTONIC, "monotonic" }, { CLOCK_BOOTTIME, "boottime" },
	       { CLOCK_TAI, "tai" }, { CLOCK_PROCESS_CPUTIME_ID, "process CPU" }, { CLOCK_THREAD_CPUTIME_ID, "thread CPU" } };
enum { kCount = sizeof clocks / sizeof *clocks };

/* The "ClockID:" lines of /proc/self/timers in order of the timers. */
static int clock_ids(int ids[kCount])
{
	char text[8192], *at;
	int n = 0;

	if (read_file("/proc/self/timers", text, sizeof text) < 0)
		return -1;
	for (at = strstr(text, "ClockID:"); at && n < kCount; at = strstr(at + 1, "ClockID:"))
		ids[n++] = atoi(at + 8);
	return n;
}

int main(int argc, char **argv)
{
	int timers[kCount], before[kCount], after[kCount];

	test_init(argc, argv);
	for (int i = 0; i < kCount; i++) {
		struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i };
		struct itimerspec ts = { .it_value = { 1000 + i, 500000000 }, .it_interval = { 20 + i, 7000 } };
		if (syscall(SYS_timer_create, clocks[i].clock, &event, &timers[i]) ||
		    syscall(SYS_timer_settime, timers[i], 0, &ts, NULL))
			die("%s: %m", clocks[i].name);
	}
	int n = clock_ids(before);
	test_daemon();
	test_waitsig();
	if (clock_ids(after) != n || memcmp(before, after, n > 0 ? n * sizeof *before : 0))
		fail("the clocks in /proc/self/timers have changed");
	for (int i = 0; i < kCount; i++) {
		struct itimerspec now;
		if (syscall(SYS_timer_gettime, timers[i], &now)) {
			fail("%s: %m", clocks[i].name);
			continue;
		}
		double left = now.it_value.tv_sec + now.it_value.tv_nsec / 1e9;
		if (left > 1000.51 + i || left < 940 + i)
			fail("%s: %f s remain", clocks[i].name, left);
		if (now.it_interval.tv_sec != 20 + i || now.it_interval.tv_nsec != 7000)
			fail("%s: the interval has changed", clocks[i].name);
	}
	pass();
	return 0;
}
