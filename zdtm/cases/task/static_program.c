/* zdtm:
 * title: a statically linked program, with the C library's set-up done without a loader
 * build: -static
 */
#include <stdlib.h>
#include <time.h>

#include "zdtm.h"

static __thread int local = 5;

int main(int argc, char **argv)
{
	test_init(argc, argv);
	char *heap = malloc(100000);
	fill_pattern(heap, 100000, 1);
	local = 6;
	test_daemon();
	test_waitsig();
	if (check_pattern(heap, 100000, 1) || local != 6)
		fail("heap or thread-local memory");
	struct timespec ts;
	if (clock_gettime(CLOCK_MONOTONIC, &ts) || ts.tv_sec <= 0) /* through the vDSO */
		fail("clock_gettime");
	pass();
	return 0;
}
