/* zdtm:
 * title: a process that forks and reaps children all the time while it is seized
 * compare: notasks - the children come and go
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	unsigned rounds = 0;

	test_init(argc, argv);
	test_daemon();
	do {
		int status = 0, code = rounds % 200;
		pid_t pid = fork();
		if (pid < 0)
			die("fork: %m");
		if (!pid)
			_exit(code);
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != code) {
			fail("round %u: status %#x", rounds, status);
			return 1;
		}
		rounds++;
	} while (test_go());
	pass();
	return 0;
}
