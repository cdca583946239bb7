/* zdtm:
 * title: pause ends by a signal of ours only
 */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static volatile int seen;

static void handler(int sig)
{
	seen = sig;
}

static long call(struct blocked *b)
{
	(void)b;
	return pause();
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct sigaction sa = { .sa_handler = handler };
	sigaction(SIGUSR1, &sa, NULL);
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	pthread_kill(b.thread, SIGUSR1);
	if (blocked_check(&b, -1, EINTR))
		return 1;
	if (seen != SIGUSR1)
		fail("the handler saw %d", seen);
	pass();
	return 0;
}
