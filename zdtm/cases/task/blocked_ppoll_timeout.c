/* zdtm:
 * title: ppoll with a signal mask runs into its timeout
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	int fds[2];

	if (pipe(fds))
		die("pipe");
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };
	sigset_t mask, now;
	sigfillset(&mask);
	long result = ppoll(&p, 1, &ts, &mask);
	int error = errno;
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	if (sigismember(&now, SIGUSR2))
		fail("the mask of the call has stayed");
	errno = error;
	return result;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, 0, 0))
		pass();
	return 0;
}
