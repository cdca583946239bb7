/* zdtm:
 * title: monotonic and boot clock go on, never back, and in a time namespace from where they were
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "blocked.h"
#include "zdtm.h"

static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };

int main(int argc, char **argv)
{
	int64_t before[2];
	struct stat own, boot;

	test_init(argc, argv);
	for (int i = 0; i < 2; i++)
		before[i] = now_ns(clocks[i]);
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 2; i++) {
		int64_t went = now_ns(clocks[i]) - before[i];
		if (went < 0 || went > 60000000000ll)
			fail("clock %d went on by %lld ms", clocks[i], (long long)went / 1000000);
	}
	/* The two have different offsets in container.c; they must differ as they did. */
	if (stat("/proc/self/ns/time", &own) || stat("/proc/1/ns/time", &boot) || own.st_ino != boot.st_ino)
		fail("not in the time namespace of its init");
	int64_t apart = now_ns(CLOCK_BOOTTIME) - now_ns(CLOCK_MONOTONIC) - (before[1] - before[0]);
	if (apart < -50000000 || apart > 50000000)
		fail("the clocks are apart by %lld ms more", (long long)apart / 1000000);
	pass();
	return 0;
}
