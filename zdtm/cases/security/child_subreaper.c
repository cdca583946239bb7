/* zdtm:
 * title: a child subreaper is one still, gets the orphans of its descendants, and others are none
 * nosnapshot: it is the reaper of its children
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check.h"
#include "child.h"

enum { kReaper = 1, kPlain = 0 };

static int subreaper(void)
{
	int on = -1;

	prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0);
	return on;
}

static int setup(void *arg)
{
	return *(int *)arg ? prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) : 0;
}

/* A grandchild whose parent dies: whose is it? */
static int check(void *arg)
{
	int told[2], status;
	char own = 0;
	pid_t self = getpid();

	if (subreaper() != *(int *)arg)
		return 10;
	if (pipe(told))
		return 11;
	pid_t parent = fork();
	if (!parent) {
		pid_t middle = getpid();
		if (fork())
			_exit(0);
		while (getppid() == middle)
			usleep(1000);
		own = getppid() == self;
		_exit(write(told[1], &own, 1) != 1);
	}
	if (waitpid(parent, &status, 0) != parent || read(told[0], &own, 1) != 1)
		return 12;
	if (own && wait(&status) < 0)
		return 13;
	return own == *(int *)arg ? 0 : 14;
}

int main(int argc, char **argv)
{
	static int kinds[2] = { kReaper, kPlain };
	struct child c[2] = { { setup, check, &kinds[0], 0, NULL }, { setup, check, &kinds[1], 0, NULL } };

	test_init(argc, argv);
	for (int i = 0; i < 2; i++)
		child_start(&c[i]);
	test_daemon();
	test_waitsig();
	if (subreaper() != 0)
		fail("the root is a subreaper now");
	int failed = child_finish(&c[0]);
	if (!failed && !child_finish(&c[1]))
		pass();
	return 0;
}
