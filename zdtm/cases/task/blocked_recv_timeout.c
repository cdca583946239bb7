/* zdtm:
 * title: recv on a socket with SO_RCVTIMEO runs into its timeout
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/time.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2];

static long call(struct blocked *b)
{
	char c;

	(void)b;
	return recv(fds[0], &c, 1, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	/* Any stop of the task ends this call with EINTR, and the kernel keeps no record of its deadline: it may be begun anew
	 * with its full time, but it must neither fail nor end early. */
	struct blocked b = { .call = call, .ms = 800, .slack_ms = 900 };
	struct timeval tv = { .tv_usec = 800000 };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv))
		die("socketpair: %m");
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, -1, EAGAIN))
		pass();
	return 0;
}
