/* zdtm:
 * title: a stopped child with signals pending for when it goes on
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

static volatile int order, usr1, usr2;

static void handler(int sig)
{
	*(sig == SIGUSR1 ? &usr1 : &usr2) = ++order;
}

int main(int argc, char **argv)
{
	int status = 0;

	test_init(argc, argv);
	pid_t pid = fork();
	if (!pid) {
		signal(SIGUSR1, handler);
		signal(SIGUSR2, handler);
		raise(SIGSTOP);
		_exit(usr1 && usr2 && order == 2 ? 6 : 1);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("the child does not stop");
	kill(pid, SIGUSR1);
	kill(pid, SIGUSR2);
	test_daemon();
	test_waitsig();
	if (proc_state(pid) != 'T' || proc_status_number(pid, "ShdPnd", 16) != (1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1)))
		fail("state %c, pending %#llx", proc_state(pid), proc_status_number(pid, "ShdPnd", 16));
	kill(pid, SIGCONT);
	if (!expect_exit(pid, 6))
		pass();
	return 0;
}
