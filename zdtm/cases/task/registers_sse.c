/* zdtm:
 * title: the 16 SSE registers keep their values
 * needs: arch:x86_64
 */
#include <signal.h>

#include "zdtm.h"

static unsigned char want[16 * 16] __attribute__((aligned(64))), got[16 * 16] __attribute__((aligned(64)));
static volatile int stop;

static void handler(int sig)
{
	(void)sig;
	stop = 1;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler };

	test_init(argc, argv);
	sigaction(SIGTERM, &sa, NULL); /* the loop must not call anything that uses the registers */
	fill_pattern(want, sizeof want, 7);
	test_daemon();
	__asm__ volatile(
		"movaps 0(%0), %%xmm0\n movaps 16(%0), %%xmm1\n movaps 32(%0), %%xmm2\n movaps 48(%0), %%xmm3\n"
		"movaps 64(%0), %%xmm4\n movaps 80(%0), %%xmm5\n movaps 96(%0), %%xmm6\n movaps 112(%0), %%xmm7\n"
		"movaps 128(%0), %%xmm8\n movaps 144(%0), %%xmm9\n movaps 160(%0), %%xmm10\n movaps 176(%0), %%xmm11\n"
		"movaps 192(%0), %%xmm12\n movaps 208(%0), %%xmm13\n movaps 224(%0), %%xmm14\n movaps 240(%0), %%xmm15\n"
		"1: cmpl $0, %1\n je 1b\n"
		:
		: "r"(want), "m"(stop)
		: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
	__asm__ volatile(
		"movaps %%xmm0, 0(%0)\n movaps %%xmm1, 16(%0)\n movaps %%xmm2, 32(%0)\n movaps %%xmm3, 48(%0)\n"
		"movaps %%xmm4, 64(%0)\n movaps %%xmm5, 80(%0)\n movaps %%xmm6, 96(%0)\n movaps %%xmm7, 112(%0)\n"
		"movaps %%xmm8, 128(%0)\n movaps %%xmm9, 144(%0)\n movaps %%xmm10, 160(%0)\n movaps %%xmm11, 176(%0)\n"
		"movaps %%xmm12, 192(%0)\n movaps %%xmm13, 208(%0)\n movaps %%xmm14, 224(%0)\n movaps %%xmm15, 240(%0)\n"
		:
		: "r"(got)
		: "memory");
	if (check_pattern(got, sizeof got, 7))
		fail("vector registers have changed");
	else
		pass();
	return 0;
}
