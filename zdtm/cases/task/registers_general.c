/* zdtm:
 * title: all general registers keep their values in a loop that makes no system call
 * needs: arch:x86_64
 */
#include <signal.h>

#include "zdtm.h"

static volatile int stop, *stop_flag;

static void handler(int sig)
{
	(void)sig;
	stop = 1;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler };
	uint64_t bad = 0;

	test_init(argc, argv);
	/* The loop below must not call anything, so it needs the flag of a handler of its own. */
	sigaction(SIGTERM, &sa, NULL);
	stop_flag = &stop;
	test_daemon();
	__asm__ volatile(
		"mov $0x1101, %%rax\n mov $0x1202, %%rbx\n mov $0x1303, %%rcx\n mov $0x1404, %%rdx\n"
		"mov $0x1505, %%rsi\n mov $0x1606, %%rdi\n mov $0x1808, %%r8\n mov $0x1909, %%r9\n"
		"mov $0x1a0a, %%r10\n mov $0x1b0b, %%r11\n mov $0x1c0c, %%r12\n mov $0x1d0d, %%r13\n"
		"mov $0x1e0e, %%r14\n mov %1, %%r15\n std\n"
		"1: cmpl $0, (%%r15)\n je 1b\n"
		"pushfq\n cld\n"
		"xor $0x1101, %%rax\n xor $0x1202, %%rbx\n xor $0x1303, %%rcx\n xor $0x1404, %%rdx\n"
		"xor $0x1505, %%rsi\n xor $0x1606, %%rdi\n xor $0x1808, %%r8\n xor $0x1909, %%r9\n"
		"xor $0x1a0a, %%r10\n xor $0x1b0b, %%r11\n xor $0x1c0c, %%r12\n xor $0x1d0d, %%r13\n"
		"xor $0x1e0e, %%r14\n"
		"or %%rbx, %%rax\n or %%rcx, %%rax\n or %%rdx, %%rax\n or %%rsi, %%rax\n or %%rdi, %%rax\n"
		"or %%r8, %%rax\n or %%r9, %%rax\n or %%r10, %%rax\n or %%r11, %%rax\n or %%r12, %%rax\n"
		"or %%r13, %%rax\n or %%r14, %%rax\n"
		"pop %%rbx\n not %%rbx\n and $0x400, %%rbx\n or %%rbx, %%rax\n" /* the direction flag */
		"mov %%rax, %0\n"
		: "=m"(bad)
		: "m"(stop_flag)
		: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
		  "memory");
	if (bad)
		fail("registers or flags have changed: %#llx", (unsigned long long)bad);
	else
		pass();
	return 0;
}
