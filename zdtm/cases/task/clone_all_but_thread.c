/* zdtm:
 * title: a child that shares memory, files, fs and dispositions, but is a process of its own
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *told; /* [0] the child is set up, [1] the parent has made its change, [2] the child has made its own */
static char stack[65536] __attribute__((aligned(16)));
static volatile int word;

static int child(void *arg)
{
	(void)arg;
	event_set(&told[0], 1);
	event_wait(&told[1], 1);
	int bad = word != 17 || fcntl(50, F_GETFD) == -1 || umask(0) != 033 || signal(SIGUSR1, SIG_DFL) != SIG_IGN;
	word = getpid();
	event_set(&told[2], 1);
	_exit(bad);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	told = shared_memory(4096);
	pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD, NULL);
	if (pid < 0)
		die("clone");
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	word = 17;
	dup2(0, 50);
	umask(033);
	signal(SIGUSR1, SIG_IGN);
	event_set(&told[1], 1);
	event_wait(&told[2], 1);
	if (word != pid)
		fail("the child's store is not seen");
	if (expect_exit(pid, 0))
		fail("the child does not share all");
	pass();
	return 0;
}
