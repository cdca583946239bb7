/* zdtm:
 * title: one seccomp filter of a user without privileges, inherited by a child
 * nosnapshot: a seccomp filter could forbid the fork
 */
#define _GNU_SOURCE
#include "child.h"
#include "filter.h"

static int check(void *arg)
{
	(void)arg;
	errno = 0;
	if (syscall(SYS_getpriority, 0, 0) != -1 || errno != 77)
		fail("%d: getpriority gives errno %d", getpid(), errno);
	if (syscall(SYS_getppid) != getppid() || getppid() <= 0)
		fail("%d: getppid does not work", getpid());
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { NULL, check, NULL, 0, NULL };

	test_init(argc, argv);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (deny_with_errno(SYS_getpriority, 77, 0))
		skip("seccomp filters: %m");
	child_start(&c);
	test_daemon();
	test_waitsig();
	child_finish(&c);
	syscall(SYS_getppid);
	errno = 0;
	if (syscall(SYS_getpriority, 0, 0) != -1 || errno != 77)
		fail("getpriority gives errno %d", errno);
	pass();
	return 0;
}
