/* zdtm:
 * title: a stopped process whose children run on
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
	volatile uint64_t *counter = shared_memory(4096);
	zdtm_event_t *go = shared_memory(4096);
	pid_t pid = fork();
	if (!pid) {
		pid_t grandchild = fork();
		if (!grandchild) {
			while (!go->value) {
				++*counter;
				usleep(500);
			}
			_exit(getppid() == (pid_t)counter[1] ? 4 : 5);
		}
		counter[1] = getpid();
		raise(SIGSTOP);
		_exit(expect_exit(grandchild, 4) ? 1 : 7);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("the child does not stop");
	test_daemon();
	test_waitsig();
	uint64_t before = *counter;
	for (int ms = 0; ms < 5000 && *counter == before; ms++)
		usleep(1000);
	if (*counter == before)
		fail("the grandchild does not run");
	if (proc_state(pid) != 'T')
		fail("the child is in state %c", proc_state(pid));
	event_set(go, 1);
	kill(pid, SIGCONT);
	if (!expect_exit(pid, 7))
		pass();
	return 0;
}
