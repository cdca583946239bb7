/* zdtm:
 * title: a stopped child with several threads stays stopped in all of them
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

static volatile uint64_t *counter;

static void *count(void *arg)
{
	volatile uint64_t *mine = arg;

	for (;;) {
		++*mine;
		usleep(100);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int status = 0;

	test_init(argc, argv);
	counter = shared_memory(4096);
	pid_t pid = fork();
	if (!pid) {
		pthread_t t;
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, count, (void *)&counter[i]);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("the child does not stop");
	usleep(5000);
	uint64_t before[3] = { counter[0], counter[1], counter[2] };
	test_daemon();
	test_waitsig();
	usleep(20000);
	for (int i = 0; i < 3; i++)
		if (counter[i] != before[i])
			fail("thread %d ran while it was stopped", i);
	kill(pid, SIGCONT);
	for (int i = 0; i < 3; i++) {
		for (int ms = 0; ms < 5000 && counter[i] == before[i]; ms++)
			usleep(1000);
		if (counter[i] == before[i])
			fail("thread %d does not go on", i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	pass();
	return 0;
}
