/* zdtm:
 * title: a terminal of a devpts that only a child's mount namespace has
 * refuse: it belongs to a file system of a mount namespace below that of the tree's root
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/ioctl.h>

#include "child.h"
#include "mounts.h"

static const char *at;
static int master;

static int set_up(void *unused)
{
	(void)unused;
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("devpts", at, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=600"));
	master = must(open(test_path("pts/ptmx"), O_RDWR | O_NOCTTY));
	return 0;
}

static int check(void *unused)
{
	int number = -1;

	(void)unused;
	must(ioctl(master, TIOCGPTN, &number));
	expect_eq(number, 0);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { set_up, check, NULL, 0, NULL };

	test_init(argc, argv);
	at = place("pts");
	child_start(&c);
	test_daemon();
	test_waitsig();
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
