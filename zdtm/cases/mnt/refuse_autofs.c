/* zdtm:
 * title: a mount of autofs, whose daemon the kernel talks to
 * refuse: mount /srv (autofs); a program serves it
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	int ends[2];
	char *options;

	test_init(argc, argv);
	own_mounts();
	must(pipe(ends));
	must(asprintf(&options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", ends[1], getpgrp()));
	if (mount("auto", "/srv", "autofs", 0, options))
		skip("no autofs here: %s", strerror(errno));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	pass();
	return 0;
}
