/* zdtm:
 * title: the OOM score adjustment
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "child.h"
#include "proc.h"

static const int values[] = { 1000, 7, 300 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	char text[32];

	snprintf(text, sizeof text, "%d", value);
	return write_file("/proc/self/oom_score_adj", text);
}

static int get(void)
{
	char text[64] = "";

	return read_file("/proc/self/oom_score_adj", text, sizeof text) > 0 ? atoi(text) : -2000;
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
