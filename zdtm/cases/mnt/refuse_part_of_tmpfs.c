/* zdtm:
 * title: a part of a tmpfs whose root is mounted nowhere
 * refuse: mount /srv (tmpfs); it is the part /part of a file system whose root is mounted nowhere
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	const char *at = place("t");
	must(mount("t", at, "tmpfs", 0, NULL));
	must(mkdir(test_path("t/part"), 0755));
	must(mount(test_path("t/part"), "/srv", NULL, MS_BIND, NULL));
	must(umount(at));
	put_text("/srv/x", "kept");
	test_daemon();
	test_waitsig();
	expect_text("/srv/x", "kept");
	pass();
	return 0;
}
