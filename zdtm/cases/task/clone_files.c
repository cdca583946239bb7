/* zdtm:
 * title: a child made with CLONE_FILES shares the descriptor table
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *told; /* [0] the child is set up, [1] the parent has made its change, [2] the child has made its own */
static char stack[65536] __attribute__((aligned(16)));

static int child(void *arg)
{
	(void)arg;
	event_set(&told[0], 1);
	event_wait(&told[1], 1);
	/* The parent has opened 50 and closed 51. */
	int bad = fcntl(50, F_GETFD) != 0 || fcntl(51, F_GETFD) != -1;
	dup2(0, 52);
	event_set(&told[2], 1);
	_exit(bad);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	told = shared_memory(4096);
	dup2(0, 51);
	pid_t pid = clone(child, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
	if (pid < 0)
		die("clone");
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	dup2(0, 50);
	close(51);
	event_set(&told[1], 1);
	event_wait(&told[2], 1);
	if (fcntl(52, F_GETFD) < 0)
		fail("the child's new descriptor is not seen");
	if (expect_exit(pid, 0))
		fail("the child does not see what we did to the table");
	pass();
	return 0;
}
