/* zdtm:
 * title: --enable-external-masters: a mount goes on following one of the outside
 * dump: --external mnt[] --enable-external-masters
 * restore: --external mnt[] --enable-external-masters
 * needs: root
 * outside: the mount would be of the namespace that is dumped too
 */
#define _GNU_SOURCE
#include "outside_mount.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	share_with_outside();
	must(mount(NULL, "/srv", NULL, MS_SLAVE, NULL));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	mount_outside(test_path("out/place"));
	must(access("/srv/place/new", F_OK));
	pass();
	return 0;
}
