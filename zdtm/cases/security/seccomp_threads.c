/* zdtm:
 * title: threads with different seccomp filters
 */
#define _GNU_SOURCE
#include "filter.h"
#include "threads.h"

static struct threads t;

static void setup(int i)
{
	/* Thread 0 has none. */
	if (i && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || deny_with_errno(SYS_getpriority, 70 + i, 0)))
		die("filter: %m");
}

static void check(int i)
{
	errno = 0;
	long result = syscall(SYS_getpriority, 0, 0);
	if (i ? result != -1 || errno != 70 + i : result < 0)
		fail("thread %d: getpriority gives %ld, errno %d", i, result, errno);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != !!i)
		fail("thread %d: no_new_privs is %d", i, !i);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 3;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	check(0);
	threads_finish(&t);
	pass();
	return 0;
}
