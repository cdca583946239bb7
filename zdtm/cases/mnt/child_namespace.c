/* zdtm:
 * title: a child with a mount namespace of its own below a parent who lives in that of the outside
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>

#include "child.h"
#include "mounts.h"

static const char *own, *parents;
static char *before;
static int file, gone, outer;

static int set_up(void *unused)
{
	(void)unused;
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("own", own, "tmpfs", MS_NOEXEC, "size=1m,mode=711"));
	must(mkdir(test_path("own/dir"), 0755));
	put_text(test_path("own/dir/file"), "mine");
	must(mount(test_path("own/dir"), parents, NULL, MS_BIND, NULL));
	file = must(open(test_path("parents/file"), O_RDWR));
	gone = must(open(test_path("own/gone"), O_RDWR | O_CREAT, 0640));
	expect_eq(write(gone, "deleted", 7), 7);
	must(unlink(test_path("own/gone")));
	must(chdir(parents));
	before = mounts_seen();
	return 0;
}

static int check(void *unused)
{
	char text[32] = "";

	(void)unused;
	expect_mounts(before);
	expect_text("file", "mine");
	put_text(test_path("own/dir/file"), "news");
	expect_eq(pread(file, text, sizeof text, 0), 4);
	expect(!strcmp(text, "news"));
	expect_eq(pread(gone, text, sizeof text, 0), 7);
	expect(!strcmp(text, "deleted"));
	memset(text, 0, sizeof text);
	expect_eq(pread(outer, text, sizeof text, 0), 7);
	expect(!strcmp(text, "parents"));
	must(umount2(parents, MNT_DETACH));
	expect_text(test_path("parents/file"), "parents");
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { set_up, check, NULL, 0, NULL };

	test_init(argc, argv);
	own = place("own"), parents = place("parents");
	put_text(test_path("parents/file"), "parents");
	outer = must(open(test_path("parents/file"), O_RDONLY));
	child_start(&c);
	test_daemon();
	test_waitsig();
	expect_text(test_path("parents/file"), "parents");
	expect_errno(access(test_path("own/dir"), F_OK), ENOENT);
	if (child_finish(&c) == 0)
		pass();
	return 0;
}
