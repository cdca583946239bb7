/* zdtm:
 * title: select runs into its timeout at the right time
 */
#define _GNU_SOURCE
#include <sys/select.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	int fds[2];

	if (pipe(fds))
		die("pipe");
	struct timeval tv = { .tv_sec = b->ms / 1000, .tv_usec = b->ms % 1000 * 1000 };
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	return select(fds[0] + 1, &set, NULL, NULL, &tv);
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
