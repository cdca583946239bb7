/* zdtm:
 * title: a zombie below a child, and a zombie that leads a session with a living member
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

static zdtm_event_t *go;
static pid_t *pids; /* leader, member */

static int setup(void *arg)
{
	(void)arg;
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* for the member */
	pid_t leader = fork();
	if (leader) {
		pids[0] = leader;
		return wait_for_state(leader, 'Z');
	}
	setsid();
	pid_t member = fork();
	if (member) {
		pids[1] = member;
		_exit(9);
	}
	event_wait(go, 1);
	_exit(getsid(0) == pids[0] && getpgid(0) == pids[0] ? 3 : 4);
}

static int check(void *arg)
{
	(void)arg;
	event_set(go, 1);
	return expect_exit(pids[1], 3) || expect_exit(pids[0], 9);
}

int main(int argc, char **argv)
{
	struct child c = { setup, check, NULL, 0, NULL };

	test_init(argc, argv);
	go = shared_memory(4096);
	pids = shared_memory(4096);
	child_start(&c);
	test_daemon();
	test_waitsig();
	if (!child_finish(&c))
		pass();
	return 0;
}
