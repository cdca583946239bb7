/* zdtm:
 * title: nice value and policy are kept per thread
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "threads.h"

static struct threads t;
static const int policy[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_OTHER };

static void setup(int i)
{
	struct sched_param param = { 0 };

	if (sched_setscheduler(0, policy[i], &param) || setpriority(PRIO_PROCESS, t.tid[i], 2 + i))
		die("thread %d: %m", i);
}

static void check(int i)
{
	if (sched_getscheduler(0) != policy[i])
		fail("thread %d has policy %d", i, sched_getscheduler(0));
	if (getpriority(PRIO_PROCESS, t.tid[i]) != 2 + i)
		fail("thread %d has nice %d", i, getpriority(PRIO_PROCESS, t.tid[i]));
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 4;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	if (getpriority(PRIO_PROCESS, getpid()) || sched_getscheduler(0) != SCHED_OTHER)
		fail("the main thread's nice value or policy has changed");
	threads_finish(&t);
	pass();
	return 0;
}
