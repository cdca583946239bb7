/* zdtm:
 * title: a process that never enters the kernel computes on and makes no mistake
 */
#include "zdtm.h"

static uint64_t step(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

int main(int argc, char **argv)
{
	uint64_t a = 1, b = 1, rounds = 0, check = 1;

	test_init(argc, argv);
	test_daemon();
	/* Two computations side by side: a register that is restored wrongly makes them differ. */
	while (test_go() && a == b) {
		for (int i = 0; i < 1000; i++) {
			a = step(a);
			__asm__ volatile("" : "+r"(a));
			b = step(b);
		}
		rounds++;
	}
	if (a != b)
		fail("the computations differ after %llu rounds", (unsigned long long)rounds);
	if (rounds < 2000000 / 100)
		for (uint64_t i = 0; i < rounds * 1000; i++)
			check = step(check);
	if (check != 1 && check != a)
		fail("the result is wrong after %llu rounds", (unsigned long long)rounds);
	pass();
	return 0;
}
