/* zdtm:
 * title: every thread's own queue of pending signals and its mask; the queues are not mixed up
 */
#define _GNU_SOURCE
#include "queue.h"
#include "threads.h"

static struct threads t;
static sigset_t set;

static void setup(int i)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMIN + 1);
	sigaddset(&mask, SIGRTMIN + 5 + i);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	for (int n = 0; n <= i; n++)
		queue_signal(t.tid[i], SIGRTMIN + 1, SI_QUEUE, 100 * i + n);
	queue_signal(t.tid[i], SIGRTMIN + 5 + i, SI_QUEUE, i);
}

static void check(int i)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		int want = sig == SIGUSR1 || sig == SIGRTMIN + 1 || sig == SIGRTMIN + 5 + i;
		if (sigismember(&mask, sig) == !want)
			fail("thread %d: signal %d is %sblocked", i, sig, want ? "not " : "");
	}
	for (int n = 0; n <= i; n++)
		expect_signal(&set, SIGRTMIN + 1, SI_QUEUE, 100 * i + n);
	expect_signal(&set, SIGRTMIN + 5 + i, SI_QUEUE, i);
	expect_no_signal(&set);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	for (int sig = SIGRTMIN + 1; sig < SIGRTMIN + 15; sig++)
		sigaddset(&set, sig);
	/* What the main thread blocks, the process's queue may hold until it looks. */
	sigset_t mine = set;
	sigaddset(&mine, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mine, NULL);
	t.count = 4;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	queue_signal(0, SIGUSR1, SI_QUEUE, 9);
	queue_signal(getpid(), SIGRTMIN + 2, SI_QUEUE, 10);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	/* A thread's own queue comes first, although the number is higher. */
	expect_signal(&mine, SIGRTMIN + 2, SI_QUEUE, 10);
	expect_signal(&mine, SIGUSR1, SI_QUEUE, 9);
	expect_no_signal(&mine);
	pass();
	return 0;
}
