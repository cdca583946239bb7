/* zdtm:
 * title: soft and hard value of every resource limit, infinity among them
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "child.h"

static struct rlimit before[RLIM_NLIMITS];

/* Only lowered: that needs no capability. */
static int setup(void *arg)
{
	(void)arg;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit r;
		getrlimit(i, &r);
		if (i == RLIMIT_NOFILE)
			r = (struct rlimit){ 200, 300 };
		else if (i % 3 == 0)
			r.rlim_cur = r.rlim_cur > 1ull << 40 ? 1ull << 40 : r.rlim_cur;
		else if (i % 3 == 1 && r.rlim_max > 1ull << 41)
			r = (struct rlimit){ 1ull << 40, 1ull << 41 };
		if (setrlimit(i, &r))
			return -1;
		getrlimit(i, &before[i]);
	}
	return 0;
}

static int check(void *arg)
{
	(void)arg;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit r;
		if (getrlimit(i, &r) || r.rlim_cur != before[i].rlim_cur || r.rlim_max != before[i].rlim_max)
			fail("limit %d is %#lx %#lx, was %#lx %#lx", i, (long)r.rlim_cur, (long)r.rlim_max,
			     (long)before[i].rlim_cur, (long)before[i].rlim_max);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { setup, check, NULL, 0, NULL };

	test_init(argc, argv);
	child_start(&c);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &before[i]);
	test_daemon();
	test_waitsig();
	child_finish(&c);
	check(NULL);
	pass();
	return 0;
}
