/* zdtm:
 * title: the three interval timers keep their interval and their remaining time
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>

#include "zdtm.h"

static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
static const int sig[] = { SIGALRM, SIGVTALRM, SIGPROF };
static volatile int count[65];

static void handler(int s)
{
	count[s]++;
}

static double seconds(struct timeval tv)
{
	return tv.tv_sec + tv.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct itimerval now;

	test_init(argc, argv);
	for (int i = 0; i < 3; i++) {
		struct itimerval tv = { .it_value = { 1000 + i, 500000 }, .it_interval = { 30 + i, 250000 } };
		signal(sig[i], handler);
		if (setitimer(which[i], &tv, NULL))
			die("setitimer: %m");
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 3; i++) {
		getitimer(which[i], &now);
		if (now.it_interval.tv_sec != 30 + i || now.it_interval.tv_usec != 250000)
			fail("timer %d: interval %f", i, seconds(now.it_interval));
		/* A minute may have passed at most. The kernel itself adds a tick to CPU timers when they are set. */
		if (seconds(now.it_value) > 1000.51 + i || seconds(now.it_value) < 940 + i)
			fail("timer %d: %f seconds remain", i, seconds(now.it_value));
		if (count[sig[i]])
			fail("timer %d has fired", i);
	}
	/* They must also still work. */
	for (int i = 0; i < 3; i++) {
		struct itimerval tv = { .it_value.tv_usec = 5000 };
		setitimer(which[i], &tv, NULL);
		for (volatile long spin = 0; !count[sig[i]] && spin < 3000000000; spin++)
			;
		if (count[sig[i]] != 1)
			fail("timer %d does not fire", i);
	}
	pass();
	return 0;
}
