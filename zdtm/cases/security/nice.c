/* zdtm:
 * title: the nice value
 * needs: cap:SYS_NICE
 * rights: values below 0 take CAP_SYS_NICE outside
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "child.h"

static const int values[] = { -20, 19, 5 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return setpriority(PRIO_PROCESS, 0, value);
}

static int get(void)
{
	return getpriority(PRIO_PROCESS, 0);
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
