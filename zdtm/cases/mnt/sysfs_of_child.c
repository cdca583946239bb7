/* zdtm:
 * title: a child with network and mounts of its own, and a sysfs that shows its devices, as ip netns exec makes it
 * needs: root tool:ip
 * rights: the root of a user namespace may mount a sysfs only where it sees one
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mount.h>

#include "child.h"
#include "mounts.h"
#include "netns.h"

static char *before;

static int set_up(void *unused)
{
	(void)unused;
	must(unshare(CLONE_NEWNET | CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	must(umount2("/sys", MNT_DETACH));
	must(mount("child", "/sys", "sysfs", MS_NOSUID, NULL));
	sh("ip link add zdtm0 type bridge");
	must(access("/sys/class/net/zdtm0", F_OK));
	before = mounts_seen();
	return 0;
}

static int check(void *unused)
{
	(void)unused;
	expect_mounts(before);
	must(access("/sys/class/net/zdtm0", F_OK));
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { set_up, check, NULL, 0, NULL };

	test_init(argc, argv);
	child_start(&c);
	test_daemon();
	test_waitsig();
	expect_errno(access("/sys/class/net/zdtm0", F_OK), ENOENT);
	must(access("/sys/class/net/lo", F_OK));
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
