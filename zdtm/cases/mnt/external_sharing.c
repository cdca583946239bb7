/* zdtm:
 * title: --enable-external-sharing: a mount of the outside goes on passing mounts to and from it
 * dump: --external mnt[] --enable-external-sharing
 * restore: --external mnt[] --enable-external-sharing
 * needs: root
 * outside: the mount would be of the namespace that is dumped too
 */
#define _GNU_SOURCE
#include "outside_mount.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	share_with_outside();
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	mount_outside(test_path("out/place"));
	must(access("/srv/place/new", F_OK));
	must(umount("/srv/place"));
	mount_outside(test_path("out/place"));
	pass();
	return 0;
}
