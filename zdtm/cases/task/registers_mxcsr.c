/* zdtm:
 * title: MXCSR keeps rounding mode, masks and sticky flags
 * needs: arch:x86_64
 */
#include "zdtm.h"

int main(int argc, char **argv)
{
	/* Round up, flush to zero, denormals are zero, division by zero unmasked, the inexact flag set. */
	uint32_t want = 0x1f80 | 0x4000 | 0x8000 | 0x40 | 0x20, got = 0;

	want &= ~0x200u;
	test_init(argc, argv);
	__asm__ volatile("ldmxcsr %0" : : "m"(want));
	test_daemon();
	test_waitsig();
	__asm__ volatile("stmxcsr %0" : "=m"(got));
	if (got != want)
		fail("MXCSR is %#x, was %#x", got, want);
	else
		pass();
	return 0;
}
