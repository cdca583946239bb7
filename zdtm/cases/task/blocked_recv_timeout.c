/* zdtm:
 * title: recv on a socket with SO_RCVTIMEO keeps its remaining time; the option is what it was
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/time.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2];

static long call(struct blocked *b)
{
	struct timeval tv = { .tv_sec = b->ms / 1000, .tv_usec = b->ms % 1000 * 1000 };
	char c;

	if (setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv))
		die("SO_RCVTIMEO: %m");
	return recv(fds[0], &c, 1, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000, .slack_ms = kWheelSlackMs };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		die("socketpair: %m");
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	struct timeval tv;
	socklen_t size = sizeof tv;
	if (blocked_check(&b, -1, EAGAIN))
		return 1;
	if (getsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &size) || tv.tv_sec * 1000 + tv.tv_usec / 1000 != b.ms)
		fail("SO_RCVTIMEO is %ld.%06ld s", (long)tv.tv_sec, (long)tv.tv_usec);
	else
		pass();
	return 0;
}
