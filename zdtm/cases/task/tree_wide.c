/* zdtm:
 * title: five hundred children of one process
 * timeout: 240
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { kChildren = 500 };

int main(int argc, char **argv)
{
	static pid_t pids[kChildren];

	test_init(argc, argv);
	zdtm_event_t *go = shared_memory(sizeof *go);
	for (int i = 0; i < kChildren; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i]) {
			pid_t me = getpid();
			event_wait(go, 1);
			_exit(me == getpid() ? i % 200 : 255);
		}
	}
	test_daemon();
	test_waitsig();
	event_set(go, 1);
	for (int i = 0; i < kChildren; i++)
		if (expect_exit(pids[i], i % 200))
			return 1;
	pass();
	return 0;
}
