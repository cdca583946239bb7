/* zdtm:
 * title: the parent-death signal comes when the restored parent dies, not when the original one was killed
 * nosnapshot: it is the reaper of its children
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"

static volatile int died;

static void handler(int sig)
{
	died = sig;
}

int main(int argc, char **argv)
{
	sigset_t block, wait;
	int status = 0;

	test_init(argc, argv);
	zdtm_event_t *told = shared_memory(4096);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t pid = fork();
	if (!pid) {
		pid_t grandchild = fork();
		if (!grandchild) {
			signal(SIGUSR1, handler);
			sigemptyset(&block);
			sigaddset(&block, SIGUSR1);
			sigprocmask(SIG_BLOCK, &block, &wait);
			prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
			event_set(&told[0], 1);
			event_wait(&told[1], 1);
			sigpending(&block);
			if (sigismember(&block, SIGUSR1))
				_exit(1);
			event_set(&told[2], 1);
			while (!died)
				sigsuspend(&wait);
			_exit(getppid() == getsid(0) ? 9 : 2);
		}
		event_wait(&told[0], 1);
		event_set(&told[3], grandchild);
		for (;;)
			pause();
	}
	while (!told[3].value)
		usleep(1000);
	test_daemon();
	test_waitsig();
	event_set(&told[1], 1);
	for (int ms = 0; ms < 5000 && !told[2].value; ms++)
		usleep(1000);
	if (!told[2].value)
		fail("the signal came too early");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!expect_exit(told[3].value, 9))
		pass();
	return 0;
}
