/* zdtm:
 * title: mounts that hide others, and what is in those that are hidden
 * needs: root
 * rights: what hides a tmpfs is not lifted yet where another user namespace owns the mounts; refused
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	const char *a = place("a"), *b = place("a/b");
	must(mount("lowest", b, "tmpfs", 0, NULL));
	put_text(test_path("a/b/lowest"), "1");
	must(mount("middle", b, "tmpfs", 0, NULL));
	put_text(test_path("a/b/middle"), "2");
	must(mount("top", a, "tmpfs", 0, NULL));
	put_text(test_path("a/top"), "3");
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(test_path("a/top"), "3");
	must(umount(a));
	expect_text(test_path("a/b/middle"), "2");
	must(umount(b));
	expect_text(test_path("a/b/lowest"), "1");
	must(umount(b));
	expect_errno(open(test_path("a/b/lowest"), O_RDONLY), ENOENT);
	pass();
	return 0;
}
