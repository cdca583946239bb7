/* zdtm:
 * title: a process caught inside a signal handler on its alternate stack returns to where it was
 */
#define _GNU_SOURCE
#include <signal.h>

#include "zdtm.h"

static char stack[65536];
static volatile int on_stack;

static void handler(int sig, siginfo_t *info, void *context)
{
	char here;
	sigset_t now;

	(void)context;
	test_daemon();
	test_waitsig();
	on_stack = &here >= stack && &here < stack + sizeof stack;
	sigprocmask(SIG_BLOCK, NULL, &now);
	if (sig != SIGUSR1 || info->si_pid != getpid() || !sigismember(&now, SIGUSR1) || !sigismember(&now, SIGUSR2))
		fail("signal %d from %d, or its mask", sig, info->si_pid);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t s = { .ss_sp = stack, .ss_size = sizeof stack };
	sigset_t now;
	double before = 1.5, after;

	test_init(argc, argv);
	sigaltstack(&s, NULL);
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	after = before * 2;
	sigprocmask(SIG_BLOCK, NULL, &now);
	if (!on_stack || after != 3.0)
		fail("not on the alternate stack");
	if (sigismember(&now, SIGUSR1) || sigismember(&now, SIGUSR2))
		fail("the mask has not come back");
	if (sigaltstack(NULL, &s) || s.ss_sp != stack || s.ss_size != sizeof stack || s.ss_flags)
		fail("the alternate stack is not set");
	pass();
	return 0;
}
