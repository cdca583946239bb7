/* zdtm:
 * title: peers, slaves, slaves with peers, unbindable mounts, and what is mounted in them
 * needs: root
 * rights: what hides a tmpfs is not lifted yet where another user namespace owns the mounts; refused
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	const char *a = place("a"), *peer = place("peer"), *part = place("part"), *slave = place("slave"),
		   *both = place("both"), *third = place("third"), *alone = place("alone");
	must(mount("t", a, "tmpfs", 0, NULL));
	must(mkdir(test_path("a/sub"), 0755));
	must(mkdir(test_path("a/sub/x"), 0755));
	must(mkdir(test_path("a/sub/y"), 0755));
	must(mount(NULL, a, NULL, MS_SHARED, NULL));
	must(mount(a, peer, NULL, MS_BIND, NULL));
	must(mount(test_path("a/sub"), part, NULL, MS_BIND, NULL));
	must(mount(a, slave, NULL, MS_BIND, NULL));
	must(mount(NULL, slave, NULL, MS_SLAVE, NULL));
	must(mount(a, both, NULL, MS_BIND, NULL));
	must(mount(NULL, both, NULL, MS_SLAVE, NULL));
	must(mount(NULL, both, NULL, MS_SHARED, NULL));
	must(mount(both, third, NULL, MS_BIND, NULL));
	must(mount("u", alone, "tmpfs", 0, NULL));
	must(mount(NULL, alone, NULL, MS_UNBINDABLE, NULL));
	must(mount("inner", test_path("part/x"), "tmpfs", 0, NULL));
	put_text(test_path("slave/sub/x/file"), "everywhere");
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(test_path("third/sub/x/file"), "everywhere");
	/* News go to the whole family from a peer, and only to peers from below. */
	must(mount("news", test_path("peer/sub/y"), "tmpfs", 0, NULL));
	put_text(test_path("part/y/new"), "n");
	expect_text(test_path("third/sub/y/new"), "n");
	expect_text(test_path("slave/sub/y/new"), "n");
	must(umount(test_path("third/sub/y")));
	expect_errno(access(test_path("both/sub/y/new"), F_OK), ENOENT);
	expect_text(test_path("a/sub/y/new"), "n");
	expect_errno(mount(alone, a, NULL, MS_BIND, NULL), EINVAL);
	pass();
	return 0;
}
