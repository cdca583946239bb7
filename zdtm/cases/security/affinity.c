/* zdtm:
 * title: the CPU affinity of process and threads
 */
#define _GNU_SOURCE
#include <sched.h>

#include "threads.h"

static struct threads t;
static cpu_set_t want[3];

static void setup(int i)
{
	cpu_set_t all;
	int n = 0;

	sched_getaffinity(0, sizeof all, &all);
	CPU_ZERO(&want[i]);
	/* Thread 0 on the first CPU, thread 1 on the last, thread 2 everywhere. */
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		if (i == 1)
			CPU_ZERO(&want[i]);
		if (i || !n++)
			CPU_SET(cpu, &want[i]);
	}
	if (sched_setaffinity(0, sizeof want[i], &want[i]))
		die("sched_setaffinity: %m");
}

static void check(int i)
{
	cpu_set_t now;

	sched_getaffinity(0, sizeof now, &now);
	if (!CPU_EQUAL(&now, &want[i]))
		fail("thread %d may run on %d CPUs, want %d", i, CPU_COUNT(&now), CPU_COUNT(&want[i]));
}

int main(int argc, char **argv)
{
	cpu_set_t all;

	test_init(argc, argv);
	sched_getaffinity(0, sizeof all, &all);
	if (CPU_COUNT(&all) < 2)
		skip("one CPU only");
	t.count = 3;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
