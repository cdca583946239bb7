/* zdtm:
 * title: stopped children stay stopped and go on when continued
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

static const int stop_signal[] = { SIGSTOP, SIGTSTP };

static volatile int told; /* SIGCHLDs */

static void on_sigchld(int sig)
{
	(void)sig;
	told++;
}

int main(int argc, char **argv)
{
	pid_t pids[2];

	test_init(argc, argv);
	signal(SIGCHLD, on_sigchld);
	volatile int *word = shared_memory(4096);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			/* An orphaned group ignores SIGTSTP; a group of its own below us is not orphaned. */
			setpgid(0, 0);
			raise(stop_signal[i]);
			word[i] = 1;
			_exit(20 + i);
		}
		int status = 0;
		if (waitpid(pids[i], &status, WUNTRACED) != pids[i] || !WIFSTOPPED(status))
			die("child %d does not stop: %#x", i, status);
	}
	told = 0;
	test_daemon();
	test_waitsig();
	usleep(20000);
	if (told)
		fail("SIGCHLD came again, %d times", told);
	for (int i = 0; i < 2; i++) {
		int status = 0;
		if (proc_state(pids[i]) != 'T' || word[i])
			fail("child %d is in state %c", i, proc_state(pids[i]));
		/* The stop was reported before: it must not be reported again. */
		if (waitpid(pids[i], &status, WUNTRACED | WNOHANG))
			fail("child %d: a second report, %#x", i, status);
		kill(pids[i], SIGCONT);
		expect_exit(pids[i], 20 + i);
	}
	pass();
	return 0;
}
