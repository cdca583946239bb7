/* zdtm:
 * title: the io priority, class and level
 * rights: the real-time class takes CAP_SYS_NICE outside
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "child.h"

static const int values[] = { 1 << 13 | 3, 2 << 13 | 0, 2 << 13 | 7, 3 << 13 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return syscall(SYS_ioprio_set, 1 /* one process */, 0, value);
}

static int get(void)
{
	return syscall(SYS_ioprio_get, 1, 0);
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
