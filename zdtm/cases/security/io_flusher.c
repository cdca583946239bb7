/* zdtm:
 * title: the IO_FLUSHER state of a process
 * needs: cap:SYS_RESOURCE
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#define PR_GET_IO_FLUSHER 58
#endif

static const int values[] = { 1, 0 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_SET_IO_FLUSHER, value, 0, 0, 0);
}

static int get(void)
{
	return prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0);
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
		skip("PR_GET_IO_FLUSHER: %m");
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
