/* zdtm:
 * title: a unix socket whose file lies in the mount namespace of a later process
 * refuse: lies in another mount namespace than the first process that has it lives in
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>

#include "child.h"
#include "mounts.h"
#include "passing.h"

static const char *at;
static int ends[2];

static int set_up(void *unused)
{
	struct sockaddr_un name = { AF_UNIX, "" };

	(void)unused;
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("own", at, "tmpfs", 0, NULL));
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(snprintf(name.sun_path, sizeof name.sun_path, "%s", test_path("own/s")));
	must(bind(fd, (struct sockaddr *)&name, sizeof name));
	must(listen(fd, 1));
	send_fds(ends[1], "x", &fd, 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { set_up, NULL, NULL, 0, NULL };
	int fd;

	test_init(argc, argv);
	at = place("own");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child_start(&c);
	expect_eq(receive_fds(ends[0], "x", &fd), 1);
	test_daemon();
	test_waitsig();
	must(listen(fd, 2));
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
