/* zdtm:
 * title: sigtimedwait on blocked signals keeps its remaining time
 */
#define _GNU_SOURCE
#include <signal.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return sigtimedwait(&set, NULL, &ts);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, -1, EAGAIN))
		pass();
	return 0;
}
