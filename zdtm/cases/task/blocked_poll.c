/* zdtm:
 * title: poll without a timeout goes on waiting and sees the data
 */
#define _GNU_SOURCE
#include <poll.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2];

static long call(struct blocked *b)
{
	struct pollfd p = { .fd = fds[0], .events = POLLIN };

	(void)b;
	return poll(&p, 1, -1) == 1 ? p.revents : -1;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (pipe(fds))
		die("pipe");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (write(fds[1], "x", 1) != 1)
		fail("write");
	if (blocked_check(&b, POLLIN, 0))
		return 1;
	pass();
	return 0;
}
