/* zdtm:
 * title: waitpid goes on waiting for a child that lives on
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static pid_t child;
static int status;

static long call(struct blocked *b)
{
	(void)b;
	return waitpid(child, &status, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	child = fork();
	if (!child)
		for (;;)
			pause();
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	kill(child, SIGKILL);
	if (blocked_check(&b, child, 0))
		return 1;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("status is %#x", status);
	pass();
	return 0;
}
