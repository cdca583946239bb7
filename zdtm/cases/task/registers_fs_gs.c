/* zdtm:
 * title: every thread keeps its own fs and gs base
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "zdtm.h"

enum { kThreads = 3 };
static zdtm_event_t ready[kThreads], go;
static uint64_t words[kThreads + 1];
static __thread uint64_t own;

static int set_up(int i)
{
	words[i] = 0x1000 + i;
	own = 77 + i;
	return syscall(SYS_arch_prctl, ARCH_SET_GS, &words[i]);
}

static void check(int i)
{
	uint64_t gs = 0, fs = 0, value, self;

	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	if (gs != (uint64_t)&words[i] || value != 0x1000ull + i)
		fail("thread %d: gs base %#lx, reads %#lx", i, (long)gs, (long)value);
	if (self != fs || own != 77ull + i)
		fail("thread %d: fs base %#lx, thread-local %lu", i, (long)fs, (long)own);
}

static void *thread(void *arg)
{
	int i = (long)arg;

	set_up(i);
	event_set(&ready[i], 1);
	event_wait(&go, 1);
	check(i);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[kThreads];

	test_init(argc, argv);
	for (long i = 0; i < kThreads; i++) {
		if (pthread_create(&threads[i], NULL, thread, (void *)i))
			die("pthread_create");
		event_wait(&ready[i], 1);
	}
	if (set_up(kThreads))
		die("ARCH_SET_GS");
	test_daemon();
	test_waitsig();
	check(kThreads);
	event_set(&go, 1);
	for (int i = 0; i < kThreads; i++)
		pthread_join(threads[i], NULL);
	pass();
	return 0;
}
