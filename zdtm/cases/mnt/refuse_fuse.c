/* zdtm:
 * title: a file system that a program of the outside serves, and that nobody has left to the outside
 * refuse: mount /srv (fuse.zdtm); a program serves it, which a new one would not have: leave it to the outside by --external 'mnt[/srv]:KEY'
 * outside: below a dumped init the program that serves it would be in the tree
 * needs: root file:/dev/fuse
 */
#define _GNU_SOURCE
#include "fuse_server.h"
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	if (fuse_mount("/srv"))
		skip("no fuse here: %s", strerror(errno));
	expect_text("/srv/file", fuse_text);
	test_daemon();
	test_waitsig();
	expect_text("/srv/file", fuse_text);
	pass();
	return 0;
}
