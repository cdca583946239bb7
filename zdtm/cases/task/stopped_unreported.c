/* zdtm:
 * title: a stop that the parent has not yet asked about is still there to be reported, once
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

int main(int argc, char **argv)
{
	int status = 0;

	test_init(argc, argv);
	pid_t pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		_exit(8);
	}
	wait_for_state(pid, 'T');
	test_daemon();
	test_waitsig();
	if (waitpid(pid, &status, WUNTRACED | WNOHANG) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		fail("the stop is not reported: %#x", status);
	if (waitpid(pid, &status, WUNTRACED | WNOHANG))
		fail("it is reported twice");
	kill(pid, SIGCONT);
	if (!expect_exit(pid, 8))
		pass();
	return 0;
}
