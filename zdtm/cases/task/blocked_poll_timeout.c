/* zdtm:
 * title: poll runs into its timeout at the right time
 */
#define _GNU_SOURCE
#include <poll.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	int fds[2];

	if (pipe(fds))
		die("pipe");
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	return poll(&p, 1, b->ms);
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
