/* zdtm:
 * title: personality flags
 */
#define _GNU_SOURCE
#include <sys/personality.h>

#include "child.h"

static const int values[] = { ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT | STICKY_TIMEOUTS, PER_LINUX32, UNAME26 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return personality(value) < 0;
}

static int get(void)
{
	return personality(0xffffffff);
}

static int setup(void *arg)
{
	return set(values[(long)arg]);
}

static int check(void *arg)
{
	int now = get(), want = values[(long)arg];

	if (now != want)
		fail("it is %#x, want %#x", now, want);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[kCount];

	test_init(argc, argv);
	int mine = get();
	for (long i = 0; i < kCount; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < kCount; i++)
		child_finish(&c[i]);
	if (get() != mine)
		fail("the root has %#x, had %#x", get(), mine);
	pass();
	return 0;
}
