/* zdtm:
 * title: stacks of several seccomp filters that share their lower part, in order
 * nosnapshot: a seccomp filter could forbid the fork
 */
#define _GNU_SOURCE
#include "child.h"
#include "filter.h"
#include "proc.h"

static int denied(int number, int error)
{
	errno = 0;
	return syscall(number, 0, 0, 0) == -1 && errno == error;
}

/* Filters of the parent are inherited; each child adds its own. The newest one's answer wins among equal actions. */
static int setup(void *arg)
{
	long i = (long)arg;

	for (long n = 0; n < i; n++)
		if (deny_with_errno(SYS_getpriority, 90 + n, 0))
			return -1;
	return 0;
}

static int check(void *arg)
{
	long i = (long)arg;

	if (!denied(SYS_getpriority, i ? 90 + i - 1 : 77))
		fail("child %ld: getpriority gives %d", i, errno);
	if (!denied(SYS_sched_getscheduler, 78))
		fail("child %ld: sched_getscheduler gives %d", i, errno);
	if (proc_status_number(getpid(), "Seccomp_filters", 10) != 2ull + i)
		fail("child %ld has %llu filters", i, proc_status_number(getpid(), "Seccomp_filters", 10));
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[4];

	test_init(argc, argv);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (deny_with_errno(SYS_getpriority, 77, 0) || deny_with_errno(SYS_sched_getscheduler, 78, 0))
		skip("seccomp filters: %m");
	for (long i = 0; i < 4; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 4; i++)
		child_finish(&c[i]);
	check(NULL);
	pass();
	return 0;
}
