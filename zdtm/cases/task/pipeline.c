/* zdtm:
 * title: parent and child that pass a counter through two pipes without pause
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/wait.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	int there[2], back[2], status = 0;
	uint64_t counter = 0, got = 0;

	test_init(argc, argv);
	if (pipe(there) || pipe(back))
		die("pipe: %m");
	pid_t child = fork();
	if (!child) {
		close(there[1]);
		/* Set up: the runner compares descriptors from here on. */
		if (write(back[1], &got, sizeof got) != sizeof got)
			_exit(1);
		while (read(there[0], &got, sizeof got) == sizeof got) {
			got++;
			if (write(back[1], &got, sizeof got) != sizeof got)
				_exit(1);
		}
		_exit(0);
	}
	close(there[0]);
	if (read(back[0], &got, sizeof got) != sizeof got)
		die("the child does not start: %m");
	test_daemon();
	while (test_go()) {
		if (write(there[1], &counter, sizeof counter) != sizeof counter ||
		    read(back[0], &got, sizeof got) != sizeof got || got != counter + 1) {
			fail("round %llu: %s", (unsigned long long)counter, strerror(errno));
			return 1;
		}
		counter = got;
	}
	close(there[1]);
	waitpid(child, &status, 0);
	if (status)
		fail("the child's status is %#x", status);
	pass();
	return 0;
}
