/* zdtm:
 * title: a child made with CLONE_VM shares the memory but not the descriptors
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *told; /* [0] the child is set up, [1] the parent has made its change, [2] the child has made its own */
static char stack[65536] __attribute__((aligned(16)));
static volatile int word;
static char *volatile mapped;

static int child(void *arg)
{
	(void)arg;
	event_set(&told[0], 1);
	event_wait(&told[1], 1);
	int bad = word != 17 || mapped[5] != 'p' || fcntl(50, F_GETFD) != -1;
	word = 18;
	event_set(&told[2], 1);
	_exit(bad);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	told = shared_memory(4096);
	pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		die("clone");
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mapped[5] = 'p';
	word = 17;
	dup2(0, 50);
	event_set(&told[1], 1);
	event_wait(&told[2], 1);
	if (word != 18)
		fail("the child's store is not seen");
	if (expect_exit(pid, 0))
		fail("the child does not see our memory, or sees our descriptors");
	pass();
	return 0;
}
