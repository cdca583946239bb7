/* zdtm:
 * title: the AVX-512 mask registers keep their values
 * needs: arch:x86_64 cpu:avx512bw
 */
#include <string.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	uint64_t want[8], got[8];

	test_init(argc, argv);
	fill_pattern(want, sizeof want, 3);
	test_daemon(); /* the C library's string functions use mask registers: no call after the load but test_go() */
	__asm__ volatile("kmovq 0(%0), %%k0\n kmovq 8(%0), %%k1\n kmovq 16(%0), %%k2\n kmovq 24(%0), %%k3\n"
			 "kmovq 32(%0), %%k4\n kmovq 40(%0), %%k5\n kmovq 48(%0), %%k6\n kmovq 56(%0), %%k7\n"
			 : : "r"(want) : "memory");
	while (test_go())
		;
	__asm__ volatile("kmovq %%k0, 0(%0)\n kmovq %%k1, 8(%0)\n kmovq %%k2, 16(%0)\n kmovq %%k3, 24(%0)\n"
			 "kmovq %%k4, 32(%0)\n kmovq %%k5, 40(%0)\n kmovq %%k6, 48(%0)\n kmovq %%k7, 56(%0)\n"
			 : : "r"(got) : "memory");
	if (memcmp(want, got, sizeof got))
		fail("mask registers have changed");
	else
		pass();
	return 0;
}
