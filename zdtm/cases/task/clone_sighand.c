/* zdtm:
 * title: a child made with CLONE_SIGHAND shares the signal dispositions
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *told; /* [0] the child is set up, [1] the parent has made its change, [2] the child has made its own */
static char stack[65536] __attribute__((aligned(16)));
static void handler(int sig)
{
	(void)sig;
}

static int has(int sig, void (*wanted)(int))
{
	struct sigaction sa;

	return !sigaction(sig, NULL, &sa) && sa.sa_handler == wanted;
}


static int child(void *arg)
{
	(void)arg;
	event_set(&told[0], 1);
	event_wait(&told[1], 1);
	int bad = !has(SIGUSR1, handler) || !has(SIGUSR2, SIG_IGN);
	signal(SIGUSR2, handler);
	event_set(&told[2], 1);
	_exit(bad);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	told = shared_memory(4096);
	signal(SIGUSR2, SIG_IGN);
	pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
	if (pid < 0)
		die("clone");
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	signal(SIGUSR1, handler);
	event_set(&told[1], 1);
	event_wait(&told[2], 1);
	if (!has(SIGUSR2, handler))
		fail("the child's handler is not seen");
	if (expect_exit(pid, 0))
		fail("the child does not see our handler");
	pass();
	return 0;
}
