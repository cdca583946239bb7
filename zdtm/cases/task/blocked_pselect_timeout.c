/* zdtm:
 * title: pselect with a signal mask runs into its timeout
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/select.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	int fds[2];

	if (pipe(fds))
		die("pipe");
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };
	sigset_t mask;
	fd_set set;
	sigfillset(&mask);
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	return pselect(fds[0] + 1, &set, NULL, NULL, &ts, &mask);
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
