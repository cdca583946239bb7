/* zdtm:
 * title: SCHED_DEADLINE with bandwidth reclaiming and overrun signal
 * needs: cap:SYS_NICE
 * nosnapshot: cannot run mm.snapshot
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "child.h"
#include "sched_attr.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

static int setup(void *arg)
{
	struct zdtm_sched_attr attr = { .policy = SCHED_DEADLINE, .flags = 2 | 4, .runtime = 5000000, .deadline = 90000000, .period = 90000000 };

	(void)arg;
	return set_sched_attr(&attr);
}

static int check(void *arg)
{
	struct zdtm_sched_attr want = { .policy = SCHED_DEADLINE, .flags = 2 | 4, .runtime = 5000000, .deadline = 90000000, .period = 90000000 }, now = get_sched_attr();

	(void)arg;
	want.size = now.size;
	/* Only the bits that can be set from user space through this call and are reported back. */
	now.flags &= 7;
	/* A real-time slice of zero means the default, which 6.12 and later report. */
	if (want.policy != SCHED_DEADLINE)
		now.runtime = now.deadline = now.period = 0;
	if (memcmp(&want, &now, sizeof now))
		fail("policy %u priority %u nice %d flags %#lx runtime %lu deadline %lu period %lu", now.policy, now.priority,
		     now.nice, (long)now.flags, (long)now.runtime, (long)now.deadline, (long)now.period);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { setup, check, NULL, 0, NULL };

	test_init(argc, argv);
	pid_t probe = fork();
	if (!probe)
		_exit(setup(NULL) ? errno : 0);
	int status = 0;
	waitpid(probe, &status, 0);
	if (status)
		skip("sched_setattr: %s", strerror(WEXITSTATUS(status)));
	child_start(&c);
	test_daemon();
	test_waitsig();
	if (!child_finish(&c))
		pass();
	return 0;
}
