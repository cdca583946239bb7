/* zdtm:
 * title: every thread keeps its alternate signal stack
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "threads.h"

enum { kThreads = 4, kSize = 65536 };
static struct threads t;
static char *stacks[kThreads];
static __thread int on_stack;
static __thread char *mine;

static void handler(int sig)
{
	char here;

	(void)sig;
	on_stack = &here >= mine && &here < mine + kSize;
}

static void setup(int i)
{
	stack_t s = { .ss_sp = mine = stacks[i] = malloc(kSize), .ss_size = kSize - i * 4096 };

	/* The last one has none: that must stay so too. */
	if (i < kThreads - 1 && sigaltstack(&s, NULL))
		die("sigaltstack");
}

static void check(int i)
{
	stack_t now;

	sigaltstack(NULL, &now);
	if (i == kThreads - 1) {
		if (now.ss_flags != SS_DISABLE)
			fail("thread %d has a stack now", i);
		return;
	}
	if (now.ss_sp != stacks[i] || now.ss_size != kSize - i * 4096ul || now.ss_flags)
		fail("thread %d: stack %p %zu flags %#x", i, now.ss_sp, now.ss_size, now.ss_flags);
	syscall(SYS_tgkill, getpid(), t.tid[i], SIGUSR1);
	if (!on_stack)
		fail("thread %d: the handler did not run on it", i);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	test_init(argc, argv);
	sigaction(SIGUSR1, &sa, NULL);
	t.count = kThreads;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
