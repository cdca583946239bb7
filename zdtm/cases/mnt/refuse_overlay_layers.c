/* zdtm:
 * title: an overlay whose lower directory the namespace does not show
 * refuse: mount /srv (overlay); the namespace shows no directory
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	char *options;

	test_init(argc, argv);
	own_mounts();
	const char *layers = place("l");
	must(mount("layers", layers, "tmpfs", 0, NULL));
	const char *a = place("l/a"), *b = place("l/b");
	put_text(test_path("l/a/x"), "kept");
	must(asprintf(&options, "lowerdir=%s:%s", a, b));
	must(mount("merged", "/srv", "overlay", 0, options));
	must(umount2(layers, MNT_DETACH));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text("/srv/x", "kept");
	pass();
	return 0;
}
