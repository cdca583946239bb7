/* zdtm:
 * title: the signal mask of the process, all 64 signals of it
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	/* Raw calls: the C library keeps its two internal signals out of every mask. */
	uint64_t want = 0xaa55aa55f00f5a0full & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1) | 1ull << (SIGTERM - 1)), now = 0;

	test_init(argc, argv);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &want, NULL, 8);
	test_daemon();
	while (test_go())
		usleep(1000);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
	if (now != want)
		fail("the mask is %#llx, want %#llx", (unsigned long long)now, (unsigned long long)want);
	else
		pass();
	return 0;
}
