/* zdtm:
 * title: a file system that a program of the outside serves, left to it by name, with a file of it open
 * dump: --external mnt[/srv]:served --allow-lossy mount-locks
 * restore: --external mnt[served]:/media
 * outside: below a dumped init the program that serves it would be in the tree
 * needs: root file:/dev/fuse
 */
#define _GNU_SOURCE
#include "fuse_server.h"
#include "mounts.h"

int main(int argc, char **argv)
{
	char text[16] = "";

	test_init(argc, argv);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (fuse_mount("/media"))
		skip("no fuse here: %s", strerror(errno));
	int tree = must(open_tree(AT_FDCWD, "/media", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	own_mounts();
	must(move_mount(tree, "", AT_FDCWD, "/srv", MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	int fd = must(open("/srv/file", O_RDONLY));
	expect_eq(read(fd, text, 3), 3);
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_eq(read(fd, text, sizeof text), 4);
	expect(!memcmp(text, "ved\n", 4));
	expect_text("/srv/file", fuse_text);
	expect_errno(open("/srv/other", O_RDONLY), ENOENT);
	pass();
	return 0;
}
