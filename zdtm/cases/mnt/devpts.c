/* zdtm:
 * title: a devpts of its own with a terminal in it
 * needs: root
 */
#define _GNU_SOURCE
#include <termios.h>

#include "mounts.h"

int main(int argc, char **argv)
{
	char text[32] = "";
	struct termios raw;

	test_init(argc, argv);
	own_mounts();
	const char *at = place("pts");
	must(mount("devpts", at, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,gid=5,mode=620,ptmxmode=600"));
	int master = must(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY));
	must(unlockpt(master));
	int slave = must(open(ptsname(master), O_RDWR | O_NOCTTY));
	must(tcgetattr(slave, &raw));
	cfmakeraw(&raw);
	must(tcsetattr(slave, TCSANOW, &raw));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_eq(write(master, "hello", 5), 5);
	expect_eq(read(slave, text, sizeof text), 5);
	expect(!strcmp(text, "hello"));
	expect_eq(access(ptsname(master), R_OK | W_OK), 0);
	pass();
	return 0;
}
