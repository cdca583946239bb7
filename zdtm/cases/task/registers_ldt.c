/* zdtm:
 * title: a local descriptor table keeps its entries, and a loaded selector its meaning
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "attempt.h"
#include "zdtm.h"

static void load_gs(void *selector)
{
	/* 64-bit code has segment bases in fs and gs only, and fs belongs to the C library. */
	__asm__ volatile("mov %0, %%gs" : : "r"(*(uint16_t *)selector));
}

int main(int argc, char **argv)
{
	unsigned char before[8192] = { 0 }, after[8192] = { 0 };
	uint32_t value = 0, limit;
	uint16_t selector = 5 << 3 | 7, now = 0;

	test_init(argc, argv);
	/* A segment's base has 32 bits, so the data must lie low. */
	uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		die("mmap");
	low[3] = 0xfeedf00d;
	struct user_desc entries[2] = {
		{ .entry_number = 5, .base_addr = (uint32_t)(uintptr_t)low, .limit = 0xff, .seg_32bit = 1, .useable = 1 },
		{ .entry_number = 300, .base_addr = 0x1234000, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1,
		  .read_exec_only = 1 },
	};
	for (int i = 0; i < 2; i++)
		if (syscall(SYS_modify_ldt, 0x11, &entries[i], sizeof entries[i]))
			skip("modify_ldt: %s", strerror(errno));
	attempt("a segment of the local descriptor table", load_gs, &selector);
	load_gs(&selector);
	int n = syscall(SYS_modify_ldt, 0, before, sizeof before);
	test_daemon();
	test_waitsig();
	__asm__ volatile("mov %%gs, %0" : "=r"(now));
	if (now != selector)
		fail("gs is %#x, was %#x", now, selector);
	else {
		__asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"(12ul));
		if (value != 0xfeedf00d)
			fail("reading through gs gives %#x", value);
	}
	if (syscall(SYS_modify_ldt, 0, after, sizeof after) != n)
		fail("the table has another size");
	/* The accessed bit is the CPU's business. */
	for (int i = 5; i < n; i += 8) {
		before[i] |= 1;
		after[i] |= 1;
	}
	if (memcmp(before, after, sizeof before))
		fail("the table has changed");
	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(5u << 3 | 7));
	if (limit != 0xff)
		fail("limit is %#x", limit);
	pass();
	return 0;
}
