/* zdtm:
 * title: accept on a unix socket goes on waiting
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static int listener;

static long call(struct blocked *b)
{
	(void)b;
	int fd = accept(listener, NULL, NULL);
	char c = 0;
	if (fd < 0)
		return -1;
	return read(fd, &c, 1) == 1 ? c : -1;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "listener" };
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&name, sizeof name) || listen(listener, 3))
		die("listen");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(client, (struct sockaddr *)&name, sizeof name) || write(client, "k", 1) != 1)
		fail("connect");
	if (blocked_check(&b, 'k', 0))
		return 1;
	pass();
	return 0;
}
