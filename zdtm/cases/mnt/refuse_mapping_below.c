/* zdtm:
 * title: a mapping of a file that lies where only a later process lives
 * refuse: it lies in a mount namespace that only later processes of the tree live in
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>

#include "child.h"
#include "mounts.h"
#include "passing.h"

static const char *at;
static int ends[2];

static int set_up(void *unused)
{
	(void)unused;
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("own", at, "tmpfs", 0, NULL));
	put_text(test_path("own/file"), "below");
	int fd = must(open(test_path("own/file"), O_RDWR));
	send_fds(ends[1], "x", &fd, 1);
	close(fd);
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
	char *mapped = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	mapped[0] = 'B';
	close(fd);
	test_daemon();
	test_waitsig();
	expect(!strcmp(mapped, "Below"));
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
