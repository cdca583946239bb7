/* zdtm:
 * title: the node of a terminal bound to another place, as the console of a container is
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	char text[32] = "";

	test_init(argc, argv);
	own_mounts();
	const char *console = file_place("console");
	int master = must(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY));
	must(unlockpt(master));
	int slave = must(open(ptsname(master), O_RDWR | O_NOCTTY));
	must(mount(ptsname(master), console, NULL, MS_BIND, NULL));
	must(mount(NULL, console, NULL, MS_BIND | MS_REMOUNT | MS_NOEXEC | MS_NOSUID, NULL));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	int again = must(open(console, O_RDWR | O_NOCTTY));
	expect_eq(write(again, "x\n", 2), 2);
	must(read(master, text, sizeof text));
	expect_eq(text[0], 'x');
	close(slave);
	pass();
	return 0;
}
