/* zdtm:
 * title: --enable-fs mounts a file system by its options again, without what was in it
 * dump: --enable-fs ramfs
 * restore: --enable-fs ramfs
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	struct stat st;

	test_init(argc, argv);
	own_mounts();
	must(mount("named", "/srv", "ramfs", MS_NODEV | MS_NOEXEC, "mode=711"));
	put_text("/srv/file", "in memory only");
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	must(stat("/srv", &st));
	expect_eq(st.st_mode & 07777, 0711);
	expect_errno(access("/srv/file", F_OK), ENOENT);
	pass();
	return 0;
}
