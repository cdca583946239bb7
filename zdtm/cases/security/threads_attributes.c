/* zdtm:
 * title: attributes that the kernel keeps per thread: io priority, timer slack, securebits, personality, death signal
 * needs: root
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "threads.h"

enum { kThreads = 3, kAttributes = 5 };
static struct threads t;
/* Death signals that are ignored: the parent, the runner's launcher, dies as soon as we are ready. */
static const int want[kThreads][kAttributes] = {
	{ 2 << 13 | 1, 10001, 0, 0, 0 },
	{ 2 << 13 | 6, 50000, 4, ADDR_NO_RANDOMIZE, SIGURG },
	{ 3 << 13, 777777, 0x40, UNAME26, SIGWINCH },
};
static const char *const names[] = { "io priority", "timer slack", "securebits", "personality", "death signal" };

static void get(int value[kAttributes])
{
	value[0] = syscall(SYS_ioprio_get, 1, 0);
	value[1] = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	value[2] = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	value[3] = personality(0xffffffff);
	prctl(PR_GET_PDEATHSIG, &value[4], 0, 0, 0);
}

static void setup(int i)
{
	if (syscall(SYS_ioprio_set, 1, 0, want[i][0]) || prctl(PR_SET_TIMERSLACK, want[i][1], 0, 0, 0) ||
	    prctl(PR_SET_SECUREBITS, want[i][2], 0, 0, 0) || personality(want[i][3]) < 0 ||
	    prctl(PR_SET_PDEATHSIG, want[i][4], 0, 0, 0))
		die("thread %d: %m", i);
}

static void compare(const char *who, int i, const int *expected)
{
	int now[kAttributes];

	get(now);
	for (int a = 0; a < kAttributes; a++)
		if (now[a] != expected[a])
			fail("%s %d: %s is %#x, was %#x", who, i, names[a], now[a], expected[a]);
}

static void check(int i)
{
	compare("thread", i, want[i]);
}

int main(int argc, char **argv)
{
	int mine[kAttributes];

	test_init(argc, argv);
	get(mine);
	t.count = kThreads;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	compare("main", 0, mine);
	threads_finish(&t);
	pass();
	return 0;
}
