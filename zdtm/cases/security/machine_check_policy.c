/* zdtm:
 * title: the memory-failure policy (early or late kill)
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

#ifndef PR_MCE_KILL
#define PR_MCE_KILL 33
#define PR_MCE_KILL_GET 34
#endif

static const int values[] = { PR_MCE_KILL_LATE, PR_MCE_KILL_EARLY, PR_MCE_KILL_DEFAULT };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_MCE_KILL, PR_MCE_KILL_SET, value, 0, 0);
}

static int get(void)
{
	return prctl(PR_MCE_KILL_GET, 0, 0, 0, 0);
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
