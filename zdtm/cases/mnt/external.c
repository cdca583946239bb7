/* zdtm:
 * title: a mount of the outside, left to it by name
 * dump: --external mnt[/srv]:outside --allow-lossy mount-locks
 * restore: --external mnt[outside]:/etc
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	must(mount("/etc", "/srv", NULL, MS_BIND, NULL));
	must(mount(NULL, "/srv", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	must(access("/srv/passwd", R_OK));
	expect_errno(open("/srv/new", O_CREAT | O_WRONLY, 0600), EROFS);
	pass();
	return 0;
}
