/* zdtm:
 * title: all 32 AVX-512 registers keep their values
 * needs: arch:x86_64 cpu:avx512f
 */
#include <signal.h>

#include "zdtm.h"

static unsigned char want[32 * 64] __attribute__((aligned(64))), got[32 * 64] __attribute__((aligned(64)));
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
		"vmovaps 0(%0), %%zmm0\n vmovaps 64(%0), %%zmm1\n vmovaps 128(%0), %%zmm2\n vmovaps 192(%0), %%zmm3\n"
		"vmovaps 256(%0), %%zmm4\n vmovaps 320(%0), %%zmm5\n vmovaps 384(%0), %%zmm6\n vmovaps 448(%0), %%zmm7\n"
		"vmovaps 512(%0), %%zmm8\n vmovaps 576(%0), %%zmm9\n vmovaps 640(%0), %%zmm10\n vmovaps 704(%0), %%zmm11\n"
		"vmovaps 768(%0), %%zmm12\n vmovaps 832(%0), %%zmm13\n vmovaps 896(%0), %%zmm14\n vmovaps 960(%0), %%zmm15\n"
		"vmovaps 1024(%0), %%zmm16\n vmovaps 1088(%0), %%zmm17\n vmovaps 1152(%0), %%zmm18\n"
		"vmovaps 1216(%0), %%zmm19\n vmovaps 1280(%0), %%zmm20\n vmovaps 1344(%0), %%zmm21\n"
		"vmovaps 1408(%0), %%zmm22\n vmovaps 1472(%0), %%zmm23\n vmovaps 1536(%0), %%zmm24\n"
		"vmovaps 1600(%0), %%zmm25\n vmovaps 1664(%0), %%zmm26\n vmovaps 1728(%0), %%zmm27\n"
		"vmovaps 1792(%0), %%zmm28\n vmovaps 1856(%0), %%zmm29\n vmovaps 1920(%0), %%zmm30\n"
		"vmovaps 1984(%0), %%zmm31\n"
		"1: cmpl $0, %1\n je 1b\n"
		:
		: "r"(want), "m"(stop)
		: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
	__asm__ volatile(
		"vmovaps %%zmm0, 0(%0)\n vmovaps %%zmm1, 64(%0)\n vmovaps %%zmm2, 128(%0)\n vmovaps %%zmm3, 192(%0)\n"
		"vmovaps %%zmm4, 256(%0)\n vmovaps %%zmm5, 320(%0)\n vmovaps %%zmm6, 384(%0)\n vmovaps %%zmm7, 448(%0)\n"
		"vmovaps %%zmm8, 512(%0)\n vmovaps %%zmm9, 576(%0)\n vmovaps %%zmm10, 640(%0)\n vmovaps %%zmm11, 704(%0)\n"
		"vmovaps %%zmm12, 768(%0)\n vmovaps %%zmm13, 832(%0)\n vmovaps %%zmm14, 896(%0)\n vmovaps %%zmm15, 960(%0)\n"
		"vmovaps %%zmm16, 1024(%0)\n vmovaps %%zmm17, 1088(%0)\n vmovaps %%zmm18, 1152(%0)\n"
		"vmovaps %%zmm19, 1216(%0)\n vmovaps %%zmm20, 1280(%0)\n vmovaps %%zmm21, 1344(%0)\n"
		"vmovaps %%zmm22, 1408(%0)\n vmovaps %%zmm23, 1472(%0)\n vmovaps %%zmm24, 1536(%0)\n"
		"vmovaps %%zmm25, 1600(%0)\n vmovaps %%zmm26, 1664(%0)\n vmovaps %%zmm27, 1728(%0)\n"
		"vmovaps %%zmm28, 1792(%0)\n vmovaps %%zmm29, 1856(%0)\n vmovaps %%zmm30, 1920(%0)\n"
		"vmovaps %%zmm31, 1984(%0)\n"
		:
		: "r"(got)
		: "memory");
	if (check_pattern(got, sizeof got, 7))
		fail("vector registers have changed");
	else
		pass();
	return 0;
}
