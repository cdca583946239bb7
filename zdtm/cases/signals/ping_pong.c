/* zdtm:
 * title: two processes that send each other signals without pause lose none
 * compare: nostatus - a signal is pending or blocked, or not
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "child.h"

static volatile int got;

static void handler(int sig)
{
	(void)sig;
	got++;
}

int main(int argc, char **argv)
{
	sigset_t block, wait;

	test_init(argc, argv);
	volatile uint64_t *rounds = shared_memory(4096); /* [0] ours, [1] the child's */
	signal(SIGUSR1, handler);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	sigemptyset(&wait);
	pid_t child = fork();
	if (!child) {
		for (;;) {
			while (!got)
				sigsuspend(&wait);
			got = 0;
			rounds[1]++;
			kill(getppid(), SIGUSR1);
		}
	}
	test_daemon();
	while (test_go()) {
		kill(child, SIGUSR1);
		while (!got)
			sigsuspend(&wait); /* a lost signal sleeps here until the runner's patience ends */
		got = 0;
		rounds[0]++;
	}
	if (rounds[0] != rounds[1])
		fail("%llu rounds here, %llu there", (unsigned long long)rounds[0], (unsigned long long)rounds[1]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	pass();
	return 0;
}
