/* zdtm:
 * title: clock_nanosleep until an absolute time, on a realtime clock
 * outside: a clock of the world goes on while those of a time namespace stand still
 */
#define _GNU_SOURCE
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += b->ms % 1000 * 1000000;
	ts.tv_sec += b->ms / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000, .by_realtime = 1 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, 0, 0))
		pass();
	return 0;
}
