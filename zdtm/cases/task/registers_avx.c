/* zdtm:
 * title: the 16 AVX registers keep their upper halves too
 * needs: arch:x86_64 cpu:avx
 */
#include <signal.h>

#include "zdtm.h"

static unsigned char want[16 * 32] __attribute__((aligned(64))), got[16 * 32] __attribute__((aligned(64)));
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
		"vmovaps 0(%0), %%ymm0\n vmovaps 32(%0), %%ymm1\n vmovaps 64(%0), %%ymm2\n vmovaps 96(%0), %%ymm3\n"
		"vmovaps 128(%0), %%ymm4\n vmovaps 160(%0), %%ymm5\n vmovaps 192(%0), %%ymm6\n vmovaps 224(%0), %%ymm7\n"
		"vmovaps 256(%0), %%ymm8\n vmovaps 288(%0), %%ymm9\n vmovaps 320(%0), %%ymm10\n vmovaps 352(%0), %%ymm11\n"
		"vmovaps 384(%0), %%ymm12\n vmovaps 416(%0), %%ymm13\n vmovaps 448(%0), %%ymm14\n vmovaps 480(%0), %%ymm15\n"
		"1: cmpl $0, %1\n je 1b\n"
		:
		: "r"(want), "m"(stop)
		: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
	__asm__ volatile(
		"vmovaps %%ymm0, 0(%0)\n vmovaps %%ymm1, 32(%0)\n vmovaps %%ymm2, 64(%0)\n vmovaps %%ymm3, 96(%0)\n"
		"vmovaps %%ymm4, 128(%0)\n vmovaps %%ymm5, 160(%0)\n vmovaps %%ymm6, 192(%0)\n vmovaps %%ymm7, 224(%0)\n"
		"vmovaps %%ymm8, 256(%0)\n vmovaps %%ymm9, 288(%0)\n vmovaps %%ymm10, 320(%0)\n vmovaps %%ymm11, 352(%0)\n"
		"vmovaps %%ymm12, 384(%0)\n vmovaps %%ymm13, 416(%0)\n vmovaps %%ymm14, 448(%0)\n vmovaps %%ymm15, 480(%0)\n"
		:
		: "r"(got)
		: "memory");
	if (check_pattern(got, sizeof got, 7))
		fail("vector registers have changed");
	else
		pass();
	return 0;
}
