/* zdtm:
 * title: memory-deny-write-execute, with and without inheritance
 * needs: kernel>=6.6
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif

static const int values[] = { 1, 3, 0 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_SET_MDWE, value, 0, 0, 0);
}

static int get(void)
{
	return prctl(PR_GET_MDWE, 0, 0, 0, 0);
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
	if (mine < 0)
		skip("PR_GET_MDWE: %m");
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
