/* zdtm:
 * title: clock_nanosleep, relative, keeps its remaining time
 */
#define _GNU_SOURCE
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };

	return clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, 0, 0))
		pass();
	return 0;
}
