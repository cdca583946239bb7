/* zdtm:
 * title: a thread that may not use the cpuid instruction may not afterwards, the others may
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "threads.h"

#ifndef ARCH_GET_CPUID
#define ARCH_GET_CPUID 0x1011
#define ARCH_SET_CPUID 0x1012
#endif

static struct threads t;

static void setup(int i)
{
	if (i == 0 && syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0))
		die("ARCH_SET_CPUID: %s", strerror(errno));
}

static void check(int i)
{
	long allowed = syscall(SYS_arch_prctl, ARCH_GET_CPUID, 0);

	if (allowed != (i != 0))
		fail("thread %d: cpuid is %ld", i, allowed);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1))
		skip("this CPU has no cpuid faulting: %s", strerror(errno));
	t.count = 2;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
