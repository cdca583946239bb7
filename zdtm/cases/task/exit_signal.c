/* zdtm:
 * title: children whose end is told by another signal than SIGCHLD, or by none
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "fork_with_signal.h"

static volatile sig_atomic_t count[65];

static void handler(int sig)
{
	count[sig]++;
}

int main(int argc, char **argv)
{
	static const int exit_signal[] = { SIGUSR1, 0, 50 };
	pid_t pids[3];

	test_init(argc, argv);
	zdtm_event_t *go = shared_memory(4096);
	signal(SIGUSR1, handler);
	signal(SIGCHLD, handler);
	signal(50, handler);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork_with_signal(exit_signal[i]);
		if (!pids[i]) {
			event_wait(&go[i], 1);
			_exit(i);
		}
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 3; i++) {
		int status = 0, seen = count[exit_signal[i]];
		event_set(&go[i], 1);
		/* wait for "clone children" too */
		if (waitpid(pids[i], &status, __WALL) != pids[i] || !WIFEXITED(status) || WEXITSTATUS(status) != i)
			fail("child %d: status %#x", i, status);
		if (exit_signal[i] && count[exit_signal[i]] != seen + 1)
			fail("child %d: signal %d came %d times", i, exit_signal[i], count[exit_signal[i]] - seen);
	}
	if (count[SIGCHLD])
		fail("SIGCHLD came");
	pass();
	return 0;
}
