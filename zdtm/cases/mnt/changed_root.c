/* zdtm:
 * title: a task with a root of its own in the mount namespace of its parent
 * needs: root
 */
#define _GNU_SOURCE
#include "child.h"
#include "mounts.h"

static int fd;

static int set_up(void *unused)
{
	(void)unused;
	must(chroot(test_path("root")));
	must(chdir("/below"));
	fd = must(open("/below/file", O_RDONLY));
	return 0;
}

static int check(void *unused)
{
	char text[8] = "";

	(void)unused;
	expect_eq(read(fd, text, 7), 4);
	expect(!strcmp(text, "text"));
	expect_text("/below/file", "text");
	expect_text("file", "text");
	expect_errno(access("/proc", F_OK), ENOENT);
	return 0;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	const char *root = place("root");
	must(mount("r", root, "tmpfs", 0, NULL));
	must(mkdir(test_path("root/below"), 0755));
	put_text(test_path("root/below/file"), "text");
	struct child c = { set_up, check, NULL, 0, NULL };
	child_start(&c);
	test_daemon();
	test_waitsig();
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
