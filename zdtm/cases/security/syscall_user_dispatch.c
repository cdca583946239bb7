/* zdtm:
 * title: system-call user dispatch: selector and allowed range
 * needs: arch:x86_64 kernel>=6.4
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "zdtm.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
enum { kAllow = 0, kBlock = 1 };

static volatile unsigned char selector;
static volatile int caught;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	selector = kAllow; /* the handler's own sigreturn must get through */
	caught = info->si_syscall;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	test_init(argc, argv);
	sigaction(SIGSYS, &sa, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		skip("PR_SET_SYSCALL_USER_DISPATCH: %m");
	selector = kBlock;
	syscall(SYS_getpriority, 0, 0);
	if (caught != SYS_getpriority)
		die("it does not work here");
	caught = 0;
	test_daemon();
	test_waitsig();
	selector = kBlock;
	syscall(SYS_sched_getscheduler, 0);
	selector = kAllow;
	if (caught != SYS_sched_getscheduler)
		fail("the call was not dispatched (%d)", caught);
	if (syscall(SYS_getpriority, 0, 0) < 0)
		fail("a call is dispatched although the selector allows it");
	pass();
	return 0;
}
