/* zdtm:
 * title: bind mounts of directories, of a part of one and of a file, with flags of their own
 * needs: root
 * rights: flags of a mount of the outside are locked
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	const char *from = place("from"), *sub = place("from/sub"), *to = place("to"), *part = place("part"),
		   *file = file_place("file");
	put_text(test_path("from/sub/x"), "text");
	must(mount(from, to, NULL, MS_BIND, NULL));
	must(mount(sub, part, NULL, MS_BIND, NULL));
	must(mount(NULL, part, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOEXEC | MS_NOATIME, NULL));
	must(mount(test_path("from/sub/x"), file, NULL, MS_BIND, NULL));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(test_path("to/sub/x"), "text");
	expect_text(test_path("part/x"), "text");
	expect_text(file, "text");
	expect_errno(open(test_path("part/new"), O_CREAT | O_WRONLY, 0600), EROFS);
	pass();
	return 0;
}
