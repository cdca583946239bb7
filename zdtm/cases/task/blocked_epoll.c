/* zdtm:
 * title: epoll_wait goes on waiting and reports the right descriptor
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2], epoll;

static long call(struct blocked *b)
{
	struct epoll_event event = { 0 };

	(void)b;
	return epoll_wait(epoll, &event, 1, -1) == 1 ? (long)event.data.u64 : -1;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1122334455667788 };
	epoll = epoll_create1(0);
	if (pipe(fds) || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event))
		die("epoll");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (write(fds[1], "x", 1) != 1)
		fail("write");
	if (blocked_check(&b, 0x1122334455667788, 0))
		return 1;
	pass();
	return 0;
}
