/* zdtm:
 * title: handler, flags and mask of every signal
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "zdtm.h"

/* The kernel's own struct, through the raw call: the C library hides the restorer and refuses its internal signals. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
#if defined(__x86_64__) || defined(__s390x__) || defined(__powerpc64__)
	void (*restorer)(void);
#endif
	uint64_t mask;
};

static void handler(int sig)
{
	(void)sig;
}

static int get(int sig, struct kernel_sigaction *sa)
{
	memset(sa, 0, sizeof *sa);
	return syscall(SYS_rt_sigaction, sig, NULL, sa, 8);
}

int main(int argc, char **argv)
{
	static const unsigned long flags[] = { SA_RESTART,   SA_NODEFER, SA_RESETHAND | SA_SIGINFO, SA_NOCLDSTOP,
					       SA_NOCLDWAIT, SA_ONSTACK, SA_RESTART | 0x800 /* SA_EXPOSE_TAGBITS, 5.11 */ };
	struct kernel_sigaction want[65], now;

	test_init(argc, argv);
	for (int sig = 1; sig <= 64; sig++) {
		get(sig, &want[sig]);
		if (sig == SIGKILL || sig == SIGSTOP || sig == SIGTERM)
			continue;
		struct kernel_sigaction sa = want[sig];
		sa.handler = sig % 3 == 0 ? SIG_IGN : sig % 3 == 1 ? handler : SIG_DFL;
		sa.flags |= flags[sig % 7];
		sa.mask = 0x0101010101010101ull * sig & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
		if (syscall(SYS_rt_sigaction, sig, &sa, NULL, 8))
			die("signal %d: %m", sig);
		get(sig, &want[sig]);
	}
	test_daemon();
	test_waitsig();
	for (int sig = 1; sig <= 64; sig++)
		if (get(sig, &now) || memcmp(&now, &want[sig], sizeof now))
			fail("signal %d: handler %p flags %#lx mask %#llx, want %p %#lx %#llx", sig, (void *)now.handler, now.flags,
			     (unsigned long long)now.mask, (void *)want[sig].handler, want[sig].flags,
			     (unsigned long long)want[sig].mask);
	pass();
	return 0;
}
