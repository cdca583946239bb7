/* zdtm:
 * title: recv on a unix socket goes on waiting
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2];
static char got[16];

static long call(struct blocked *b)
{
	(void)b;
	return recv(fds[0], got, sizeof got, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		die("socketpair");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (send(fds[1], "hello", 5, 0) != 5)
		fail("send");
	if (blocked_check(&b, 5, 0))
		return 1;
	if (got[0] != 'h' || got[4] != 'o')
		fail("got other data");
	pass();
	return 0;
}
