/* zdtm:
 * title: the parent-death signal
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

#ifndef PR_SET_PDEATHSIG
#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#endif

static const int values[] = { 10, 9, 64, 0 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_SET_PDEATHSIG, value, 0, 0, 0);
}

static int get(void)
{
	int value = -1;

	prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0);
	return value;
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
