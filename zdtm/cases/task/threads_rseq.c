/* zdtm:
 * title: the restartable-sequence area of every thread stays registered
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/rseq.h>
#include <sys/syscall.h>

#include "threads.h"

#ifdef __powerpc64__ /* GCC 12 has no __builtin_thread_pointer there */
register void* thread_pointer __asm__("r13");
#define __builtin_thread_pointer() thread_pointer
#endif

static struct threads t;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* Moves over all CPUs: the kernel must write the number of each into the area. */
static void check(int i)
{
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof all, &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof one, &one))
			continue;
		uint32_t seen = *(volatile uint32_t *)&area()->cpu_id;
		if (seen != (uint32_t)cpu)
			fail("thread %d runs on CPU %d, its area says %d", i, cpu, (int)seen);
	}
	sched_setaffinity(0, sizeof all, &all);
	/* The same area once more must be refused as busy; a missing registration would succeed. */
	if (!syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG) || errno != EBUSY)
		fail("thread %d: registering again gives %d", i, errno);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (!__rseq_size)
		skip("the C library has not registered rseq");
	t.count = 3;
	t.check = check;
	threads_start(&t);
	check(-1);
	test_daemon();
	test_waitsig();
	check(-1);
	threads_finish(&t);
	pass();
	return 0;
}
