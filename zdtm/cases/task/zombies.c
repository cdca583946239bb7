/* zdtm:
 * title: zombies with their exit codes, and killed ones with their signals, also with a name and ids of their own
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "proc.h"
#include "zdtm.h"

static const struct {
	int code, signal;
	const char *name;
} want[] = { { 0, 0, "plain" }, { 42, 0, "forty-two" }, { 255, 0, "high" }, { 0, SIGKILL, "killed" }, { 0, SIGTERM, "asked" } };
enum { kCount = sizeof want / sizeof *want };

static volatile int told; /* SIGCHLDs */

static void on_sigchld(int sig)
{
	(void)sig;
	told++;
}

int main(int argc, char **argv)
{
	pid_t pids[kCount];

	test_init(argc, argv);
	signal(SIGCHLD, on_sigchld);
	for (int i = 0; i < kCount; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_NAME, want[i].name);
		signal(SIGTERM, SIG_DFL);
		if (i == 1)
			setpgid(0, 0);
		if (want[i].signal)
			raise(want[i].signal);
		_exit(want[i].code);
	}
	for (int i = 0; i < kCount; i++)
		if (wait_for_state(pids[i], 'Z'))
			die("no zombie");
	told = 0;
	test_daemon();
	test_waitsig();
	if (told)
		fail("SIGCHLD came again, %d times", told);
	for (int i = 0; i < kCount; i++) {
		siginfo_t info = { 0 };
		if (waitid(P_PID, pids[i], &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid != pids[i])
			fail("zombie %d is not there", i);
		int status = 0;
		if (waitpid(pids[i], &status, WNOHANG) != pids[i])
			fail("zombie %d cannot be reaped", i);
		if (want[i].signal ? !WIFSIGNALED(status) || WTERMSIG(status) != want[i].signal :
				     !WIFEXITED(status) || WEXITSTATUS(status) != want[i].code)
			fail("zombie %d has status %#x", i, status);
	}
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		fail("there are more children than before");
	pass();
	return 0;
}
