/* zdtm:
 * title: time from the vDSO, asked for without pause, never goes back and agrees with the kernel's
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

int main(int argc, char **argv)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE };
	int64_t last[3] = { 0 };
	int bad = 0;

	test_init(argc, argv);
	test_daemon();
	while (test_go() && !bad) {
		for (int i = 0; i < 3; i++) {
			int64_t now = now_ns(clocks[i]);
			bad |= (now < last[i]) << i;
			last[i] = now;
		}
	}
	if (bad)
		fail("a clock went back (%#x)", bad);
	for (int i = 0; i < 3; i++) {
		struct timespec ts;
		syscall(SYS_clock_gettime, clocks[i], &ts);
		int64_t kernel = ts.tv_sec * 1000000000ll + ts.tv_nsec, vdso = now_ns(clocks[i]);
		if (vdso < kernel || vdso > kernel + 2000000000)
			fail("clock %d: the vDSO says %lld, the kernel %lld", clocks[i], (long long)vdso, (long long)kernel);
	}
	pass();
	return 0;
}
