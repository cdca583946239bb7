/* zdtm:
 * title: a tree with a traced task is refused, with the tracer's pid and name
 * refuse: tracer-of-zdtm
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "child.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	zdtm_event_t *told = shared_memory(4096);
	pid_t traced = fork();
	if (!traced) {
		event_wait(&told[1], 1);
		_exit(5);
	}
	pid_t tracer = fork();
	if (!tracer) {
		prctl(PR_SET_NAME, "tracer-of-zdtm");
		if (ptrace(PTRACE_SEIZE, traced, 0, 0))
			die("PTRACE_SEIZE: %m");
		event_set(&told[0], 1);
		for (;;)
			pause();
	}
	event_wait(&told[0], 1);
	test_daemon();
	test_waitsig();
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	event_set(&told[1], 1);
	if (!expect_exit(traced, 5))
		pass();
	return 0;
}
