/* zdtm:
 * title: a child made with CLONE_FS shares current directory and umask
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"

static zdtm_event_t *told; /* [0] the child is set up, [1] the parent has made its change, [2] the child has made its own */
static char stack[65536] __attribute__((aligned(16)));

static int child(void *arg)
{
	(void)arg;
	event_set(&told[0], 1);
	event_wait(&told[1], 1);
	char cwd[4096] = "";
	int bad = !getcwd(cwd, sizeof cwd) || strcmp(cwd, test_path("sub")) || umask(0111) != 035;
	event_set(&told[2], 1);
	_exit(bad);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	told = shared_memory(4096);
	mkdir("sub", 0755);
	umask(027);
	pid_t pid = clone(child, stack + sizeof stack, CLONE_FS | SIGCHLD, NULL);
	if (pid < 0)
		die("clone");
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	if (umask(035) != 027)
		fail("the umask has changed");
	if (chdir("sub"))
		fail("chdir");
	event_set(&told[1], 1);
	event_wait(&told[2], 1);
	if (umask(0) != 0111)
		fail("the child's umask is not seen");
	if (expect_exit(pid, 0))
		fail("the child does not see our directory and umask");
	pass();
	return 0;
}
