/* zdtm:
 * title: --skip-mnt leaves a mount out, and what hangs on it
 * dump: --skip-mnt /srv
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	must(access("/srv", F_OK));
	char *before = mounts_seen();
	must(mount("r", "/srv", "ramfs", 0, NULL));
	must(mkdir("/srv/below", 0755));
	must(mount("t", "/srv/below", "tmpfs", 0, NULL));
	test_daemon();
	test_waitsig();
	expect_errno(access("/srv/below", F_OK), ENOENT);
	expect_mounts(before);
	pass();
	return 0;
}
