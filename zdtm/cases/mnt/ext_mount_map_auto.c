/* zdtm:
 * title: --ext-mount-map auto finds mounts of the outside by itself
 * dump: --ext-mount-map auto
 * restore: --ext-mount-map auto
 * needs: root
 * outside: the mount would be of the namespace that is dumped too
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>

#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	/* Taken along into the namespace, where no path leads to it. */
	const char *out = place("out");
	must(mount("out", out, "tmpfs", 0, NULL));
	must(mkdir(test_path("out/sub"), 0755));
	put_text(test_path("out/sub/file"), "of the outside");
	int mine = must(open_tree(AT_FDCWD, test_path("out/sub"), OPEN_TREE_CLONE));
	int again = must(open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE));
	own_mounts();
	const char *file = file_place("null");
	must(move_mount(mine, "", AT_FDCWD, "/srv", MOVE_MOUNT_F_EMPTY_PATH));
	must(move_mount(again, "", AT_FDCWD, file, MOVE_MOUNT_F_EMPTY_PATH));
	close(mine), close(again);
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text("/srv/file", "of the outside");
	int fd = must(open(file, O_RDWR));
	expect_eq(write(fd, "x", 1), 1);
	put_text("/srv/new", "seen by all");
	pass();
	return 0;
}
