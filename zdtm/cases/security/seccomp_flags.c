/* zdtm:
 * title: seccomp filters with the flags LOG and SPEC_ALLOW, and actions LOG, TRAP and KILL
 * nosnapshot: a seccomp filter could forbid the fork
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "child.h"
#include "filter.h"

static volatile int trapped;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	int status = 0;

	test_init(argc, argv);
	zdtm_event_t *told = shared_memory(4096);
	pid_t pid = fork();
	if (!pid) {
		sigaction(SIGSYS, &sa, NULL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (deny_with_errno(SYS_getpriority, 84, SECCOMP_FILTER_FLAG_LOG) ||
		    deny_call(SYS_sched_getscheduler, SECCOMP_RET_TRAP, SECCOMP_FILTER_FLAG_SPEC_ALLOW) ||
		    deny_call(SYS_sync, SECCOMP_RET_KILL_PROCESS, 0) || deny_call(SYS_getsid, SECCOMP_RET_LOG, 0))
			die("filters: %m");
		event_set(&told[0], 1);
		event_wait(&told[1], 1);
		if (syscall(SYS_getpriority, 0, 0) != -1 || errno != 84)
			_exit(1);
		syscall(SYS_sched_getscheduler, 0);
		if (trapped != SYS_sched_getscheduler)
			_exit(2);
		if (getsid(0) < 0)
			_exit(3);
		syscall(SYS_sync);
		_exit(4);
	}
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	event_set(&told[1], 1);
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail("status is %#x", status);
	else
		pass();
	return 0;
}
