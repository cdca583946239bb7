/* zdtm:
 * title: the core dump filter
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "child.h"
#include "proc.h"

static const int values[] = { 0, 511, 33 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	char text[32];

	snprintf(text, sizeof text, "%#x", value);
	return write_file("/proc/self/coredump_filter", text);
}

static int get(void)
{
	char text[64] = "";

	return read_file("/proc/self/coredump_filter", text, sizeof text) > 0 ? (int)strtol(text, NULL, 16) : -1;
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
