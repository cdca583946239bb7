/* zdtm:
 * title: a running ITIMER_REAL fires after the restore when its remaining time is over, and again
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>

#include "blocked.h"
#include "zdtm.h"

static volatile int count;

static void handler(int s)
{
	(void)s;
	count++;
}

int main(int argc, char **argv)
{
	struct itimerval tv = { .it_value.tv_usec = 400000, .it_interval.tv_usec = 50000 };

	test_init(argc, argv);
	signal(SIGALRM, handler);
	int64_t began = now_ns(CLOCK_MONOTONIC);
	setitimer(ITIMER_REAL, &tv, NULL);
	sleep_ms(50);
	test_daemon();
	test_waitsig();
	while (count < 3 && now_ns(CLOCK_MONOTONIC) < began + 20000000000ll)
		usleep(1000);
	if (count < 3)
		fail("it fired %d times", count);
	if (now_ns(CLOCK_MONOTONIC) - began < 499000000)
		fail("it fired too early");
	getitimer(ITIMER_REAL, &tv);
	if (tv.it_interval.tv_usec != 50000)
		fail("the interval is %ld", (long)tv.it_interval.tv_usec);
	pass();
	return 0;
}
