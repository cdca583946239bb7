/* zdtm:
 * title: a chain of a hundred generations
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { kDepth = 100 };
static zdtm_event_t *ready, *go;
static pid_t *pids;

static int generation(int depth)
{
	pid_t child = 0;
	int status = 0;

	pids[depth] = getpid();
	if (depth + 1 < kDepth) {
		child = fork();
		if (!child)
			_exit(generation(depth + 1));
		if (child < 0)
			die("fork");
	} else {
		event_set(ready, 1);
	}
	event_wait(go, 1);
	if (getpid() != pids[depth] || getppid() != pids[depth - 1])
		return 100;
	if (!child)
		return 7;
	/* The youngest one's code travels up. */
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	ready = shared_memory(sizeof *ready);
	go = shared_memory(sizeof *go);
	pids = shared_memory((kDepth + 1) * sizeof *pids);
	pids[0] = getpid();
	pid_t child = fork();
	if (!child)
		_exit(generation(1));
	event_wait(ready, 1);
	test_daemon();
	test_waitsig();
	event_set(go, 1);
	if (!expect_exit(child, 7))
		pass();
	return 0;
}
