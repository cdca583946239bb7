/* zdtm:
 * title: orphan that a subreaper in the tree has adopted, and the subreaper attribute itself
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *go;
static pid_t *orphan;

/* A child in the middle of the tree that adopts: root -> subreaper -> orphan. */
static int setup(void *arg)
{
	(void)arg;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t me = getpid(), middle = fork();
	if (!middle) {
		pid_t pid = fork();
		if (pid) {
			*orphan = pid;
			_exit(0);
		}
		event_wait(go, 1);
		_exit(getppid() != me);
	}
	return expect_exit(middle, 0);
}

static int check(void *arg)
{
	int is = 0;

	(void)arg;
	prctl(PR_GET_CHILD_SUBREAPER, &is);
	if (is != 1)
		fail("the child is no subreaper any more");
	event_set(go, 1);
	return expect_exit(*orphan, 0);
}

int main(int argc, char **argv)
{
	struct child c = { setup, check, NULL, 0, NULL };
	int is = 1;

	test_init(argc, argv);
	go = shared_memory(4096);
	orphan = shared_memory(4096);
	child_start(&c);
	test_daemon();
	test_waitsig();
	prctl(PR_GET_CHILD_SUBREAPER, &is);
	if (is)
		fail("the root has become a subreaper");
	child_finish(&c);
	pass();
	return 0;
}
