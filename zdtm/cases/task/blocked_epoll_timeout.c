/* zdtm:
 * title: epoll_wait runs into its timeout
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "blocked.h"
#include "zdtm.h"

static int epoll;

static long call(struct blocked *b)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, b->ms);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	/* Any stop of the task ends this call with EINTR, and the kernel keeps no record of its deadline: it may be begun anew
	 * with its full time, but it must neither fail nor end early. */
	struct blocked b = { .call = call, .ms = 4000 };
	epoll = epoll_create1(0);
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, 0, 0))
		pass();
	return 0;
}
