#define _GNU_SOURCE
#include "child.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return p;
}

void child_start(struct child *c)
{
	c->told = shared_memory(2 * sizeof *c->told);
	c->pid = fork();
	if (c->pid < 0)
		die("fork: %s", strerror(errno));
	if (c->pid) {
		event_wait(&c->told[0], 1);
		return;
	}
	if (c->setup && c->setup(c->arg))
		die("the set-up of a child failed");
	event_set(&c->told[0], 1);
	event_wait(&c->told[1], 1);
	_exit(c->check ? c->check(c->arg) : 0);
}

int expect_exit(pid_t pid, int code)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (got == pid && WIFEXITED(status) && WEXITSTATUS(status) == code)
		return 0;
	fail("waitpid(%d) gave %d, status %#x, want exit with %d", (int)pid, (int)got, status, code);
	return -1;
}

int child_finish(struct child *c)
{
	event_set(&c->told[1], 1);
	return expect_exit(c->pid, 0);
}
