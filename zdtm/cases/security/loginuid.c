/* zdtm:
 * title: the audit login uid
 * needs: file:/proc/self/loginuid cap:AUDIT_CONTROL
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "child.h"
#include "proc.h"

static const unsigned values[] = { 1000, 0 };
enum { kCount = sizeof values / sizeof *values };

static int set(unsigned value)
{
	char text[32];

	snprintf(text, sizeof text, "%u", value);
	return write_file("/proc/self/loginuid", text);
}

static unsigned get(void)
{
	char text[64] = "";

	return read_file("/proc/self/loginuid", text, sizeof text) > 0 ? (unsigned)strtoul(text, NULL, 10) : 0xdead;
}

static int setup(void *arg)
{
	return set(values[(long)arg]);
}

static int check(void *arg)
{
	unsigned now = get(), want = values[(long)arg];

	if (now != want)
		fail("it is %u, want %u", now, want);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[kCount];

	test_init(argc, argv);
	unsigned mine = get();
	for (long i = 0; i < kCount; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < kCount; i++)
		child_finish(&c[i]);
	if (get() != mine)
		fail("the root has %u, had %u", get(), mine);
	pass();
	return 0;
}
