/* zdtm:
 * title: the time-stamp counter forbidden to one process
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static sigjmp_buf back;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static const int values[] = { PR_TSC_SIGSEGV, PR_TSC_ENABLE };
enum { kCount = sizeof values / sizeof *values };

static int set(int value)
{
	return prctl(PR_SET_TSC, value);
}

static int get(void)
{
	int value = 0;

	/* What counts is whether the instruction works. */
	signal(SIGSEGV, on_fault);
	if (!sigsetjmp(back, 1)) {
		__asm__ volatile("rdtsc" : : : "rax", "rdx");
		value = PR_TSC_ENABLE;
	} else {
		value = PR_TSC_SIGSEGV;
	}
	signal(SIGSEGV, SIG_DFL);
	int told = 0;
	if (prctl(PR_GET_TSC, &told) || told != value)
		fail("PR_GET_TSC says %d, the instruction %d", told, value);
	return value;
}

/* Some hypervisors let the instruction through. */
static int works_although_forbidden(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		set(PR_TSC_SIGSEGV);
		__asm__ volatile("rdtsc" : : : "rax", "rdx");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status);
}

static int setup(void *arg)
{
	return set(values[(long)arg]);
}

static int check(void *arg)
{
	int now = get(), want = values[(long)arg];

	if (now != want)
		fail("it is %d, want %d", now, want);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[kCount];

	test_init(argc, argv);
	if (works_although_forbidden())
		skip("this (virtual) CPU does not heed PR_TSC_SIGSEGV");
	int mine = get();
	for (long i = 0; i < kCount; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < kCount; i++)
		child_finish(&c[i]);
	if (get() != mine)
		fail("the root has %d, had %d", get(), mine);
	pass();
	return 0;
}
