/* zdtm:
 * title: the dumpable flag
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

#ifndef PR_SET_DUMPABLE
#define PR_SET_DUMPABLE 4
#define PR_GET_DUMPABLE 3
#endif

static const int values[] = { 0, 1 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_SET_DUMPABLE, value, 0, 0, 0);
}

static int get(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static int setup(void *arg)
{
	return set(values[(long)arg]);
}

static int check(void *arg)
{
	int now = get(), want = values[(long)arg];

	if (now != want)
		fail("it is %d, want %d", now, want);
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
		fail("the root has %d, had %d", get(), mine);
	pass();
	return 0;
}
