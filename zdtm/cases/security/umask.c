/* zdtm:
 * title: the umask
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "child.h"

static const int values[] = { 0, 0777, 027 };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	umask(value);
	return 0;
}

static int get(void)
{
	int value = umask(0);

	umask(value);
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
		fail("it is %#o, want %#o", now, want);
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
		fail("the root has %#o, had %#o", get(), mine);
	pass();
	return 0;
}
