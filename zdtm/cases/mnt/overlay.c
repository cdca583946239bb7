/* zdtm:
 * title: overlay file systems made inside: two lower directories, one over its own lower one, what hangs on it, a bind of a part
 * needs: root
 * rights: attributes trusted.* are for that root alone
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	char *options;
	struct stat st;

	test_init(argc, argv);
	own_mounts();
	const char *layers = place("l"), *merged = place("merged"), *part = place("part");
	must(mount("layers", layers, "tmpfs", 0, NULL));
	const char *a = place("l/a"), *b = place("l/b"), *up = place("l/up"), *work = place("l/work"), *up2 = place("l/up2"),
		   *work2 = place("l/work2");
	must(mkdir(test_path("l/a/dir"), 0755));
	put_text(test_path("l/a/gone"), "removed above");
	put_text(test_path("l/a/dir/x"), "from a");
	put_text(test_path("l/b/y"), "from b");
	must(asprintf(&options, "lowerdir=%s:%s,upperdir=%s,workdir=%s", a, b, up, work));
	must(mount("merged", merged, "overlay", MS_NODEV, options));
	must(unlink(test_path("merged/gone")));
	put_text(test_path("merged/dir/x"), "changed");
	must(mkdir(test_path("merged/dir/on"), 0755));
	must(mount("on", test_path("merged/dir/on"), "tmpfs", 0, NULL));
	put_text(test_path("merged/dir/on/z"), "on it");
	must(mount(test_path("merged/dir"), part, NULL, MS_BIND, NULL));
	/* Over its own lower directory. */
	must(asprintf(&options, "lowerdir=%s,upperdir=%s,workdir=%s", b, up2, work2));
	must(mount("over", b, "overlay", 0, options));
	put_text(test_path("l/b/new"), "above");
	int fd = must(open(test_path("merged/y"), O_RDONLY));
	must(chdir(test_path("merged/dir")));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text("x", "changed");
	expect_text(test_path("part/x"), "changed");
	expect_text(test_path("l/a/dir/x"), "from a");
	expect_text(test_path("l/up/dir/x"), "changed");
	expect_errno(access(test_path("merged/gone"), F_OK), ENOENT);
	expect_text(test_path("l/a/gone"), "removed above");
	expect_text(test_path("merged/dir/on/z"), "on it");
	expect_text(test_path("l/b/new"), "above");
	must(fstat(fd, &st));
	expect_eq(st.st_size, 6);
	put_text(test_path("merged/y"), "written");
	expect_text(test_path("l/up/y"), "written");
	must(umount(b));
	expect_errno(access(test_path("l/b/new"), F_OK), ENOENT);
	expect_text(test_path("l/b/y"), "from b");
	pass();
	return 0;
}
