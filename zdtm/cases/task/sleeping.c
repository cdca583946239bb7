/* zdtm:
 * title: a process that sleeps in sigsuspend, with data in its memory and on its stack
 */
#include <unistd.h>

#include "zdtm.h"

static char data[3 * 4096 + 17] = { 1 }, bss[5 * 4096];

int main(int argc, char **argv)
{
	char stack[9000];

	test_init(argc, argv);
	fill_pattern(data, sizeof data, 1);
	fill_pattern(bss, sizeof bss, 2);
	fill_pattern(stack, sizeof stack, 3);
	pid_t pid = getpid(), sid = getsid(0);
	test_daemon();
	test_waitsig();
	if (check_pattern(data, sizeof data, 1) || check_pattern(bss, sizeof bss, 2) || check_pattern(stack, sizeof stack, 3))
		fail("memory has changed");
	if (getpid() != pid || getsid(0) != sid)
		fail("pid %d session %d, were %d %d", getpid(), getsid(0), pid, sid);
	pass();
	return 0;
}
