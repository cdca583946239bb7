/* zdtm:
 * title: a binary format registered in a user namespace below that of the tree
 * refuse: the binary format later is registered in a user namespace below that of the tree
 * needs: root kernel>=6.7
 */
#define _GNU_SOURCE
#include "mounts.h"
#include "nested.h"
#include "users.h"

static const char *dir;
static struct node tenant;

static void set_up(void)
{
	char path[512];

	must(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("formats", dir, "binfmt_misc", 0, NULL));
	snprintf(path, sizeof path, "%s/register", dir);
	int fd = must(open(path, O_WRONLY));
	must(write(fd, ":later:E::zzx::/bin/true:", 25));
	close(fd);
}
static void check(void)
{
	char path[512];

	snprintf(path, sizeof path, "%s/later", dir);
	expect_text(path, "enabled\ninterpreter /bin/true\nflags: \nextension .zzx\n");
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	dir = place("formats");
	node_start(&tenant, 0, set_up, check);
	test_daemon();
	test_waitsig();
	node_finish(&tenant);
	pass();
	return 0;
}
