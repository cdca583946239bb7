/* zdtm:
 * title: speculation control: store bypass and indirect branches
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "child.h"

static int controllable(int feature)
{
	int state = prctl(PR_GET_SPECULATION_CTRL, feature, 0, 0, 0);

	return state > 0 && state & PR_SPEC_PRCTL;
}

static const int values[] = { PR_SPEC_DISABLE, PR_SPEC_FORCE_DISABLE, PR_SPEC_ENABLE };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	/* Both features take the same values; a CPU may know one only. */
	for (int feature = PR_SPEC_STORE_BYPASS; feature <= PR_SPEC_INDIRECT_BRANCH; feature++)
		if (controllable(feature) && prctl(PR_SET_SPECULATION_CTRL, feature, value, 0, 0))
			return -1;
	return 0;
}

static int get(void)
{
	int value = 0;

	for (int feature = PR_SPEC_STORE_BYPASS; feature <= PR_SPEC_INDIRECT_BRANCH; feature++)
		if (controllable(feature))
			value |= prctl(PR_GET_SPECULATION_CTRL, feature, 0, 0, 0) & ~PR_SPEC_PRCTL;
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
		fail("it is %#x, want %#x", now, want);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[kCount];

	test_init(argc, argv);
	int mine = get();
	if (!controllable(PR_SPEC_STORE_BYPASS) && !controllable(PR_SPEC_INDIRECT_BRANCH))
		skip("no speculation feature can be controlled per process here");
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
