/* zdtm:
 * title: a file system whose content nobody could bring back
 * refuse: (ramfs); that file system is not known: leave it to the outside by --external 'mnt[/srv]:KEY'
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	must(mount("r", "/srv", "ramfs", 0, NULL));
	put_text("/srv/x", "kept");
	test_daemon();
	test_waitsig();
	expect_text("/srv/x", "kept");
	pass();
	return 0;
}
