/* zdtm:
 * title: a filter set with TSYNC is one for all threads: it can be extended by TSYNC after the restore
 * nosnapshot: a seccomp filter could forbid the fork
 */
#define _GNU_SOURCE
#include <string.h>

#include "filter.h"
#include "threads.h"

static struct threads t;

static void check(int i)
{
	errno = 0;
	if (syscall(SYS_getpriority, 0, 0) != -1 || errno != 81)
		fail("thread %d: getpriority gives errno %d", i, errno);
	errno = 0;
	if (syscall(SYS_sched_getscheduler, 0) != -1 || errno != 82)
		fail("thread %d: sched_getscheduler gives errno %d", i, errno);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 3;
	t.check = check;
	threads_start(&t);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	long n = deny_with_errno(SYS_getpriority, 81, SECCOMP_FILTER_FLAG_TSYNC);
	if (n)
		skip("SECCOMP_FILTER_FLAG_TSYNC: %ld %m", n);
	test_daemon();
	test_waitsig();
	/* It works only if the others' filters are ancestors of ours, the very same objects: names a thread otherwise. */
	n = deny_with_errno(SYS_sched_getscheduler, 82, SECCOMP_FILTER_FLAG_TSYNC);
	if (n)
		fail("TSYNC gives %ld (%s)", n, n < 0 ? strerror(errno) : "a thread with other filters");
	check(-1);
	threads_finish(&t);
	pass();
	return 0;
}
