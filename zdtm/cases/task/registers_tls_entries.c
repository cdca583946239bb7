/* zdtm:
 * title: TLS entries of the GDT, as 32-bit code uses them, are kept per thread
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <string.h>
#include <sys/mman.h>

#include "attempt.h"
#include "zdtm.h"

/* There is no 64-bit set_thread_area; int 0x80 reaches the 32-bit one. Its argument must lie below 4 GiB. */
static long compat(long number, struct user_desc *desc)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(desc) : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

enum { kSetThreadArea = 243, kGetThreadArea = 244 };

static void get_first(void *desc)
{
	compat(kGetThreadArea, desc);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct user_desc *d = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (d == MAP_FAILED)
		die("mmap");
	attempt("int 0x80", get_first, d);
	for (int i = 0; i < 3; i++) {
		d[i] = (struct user_desc){ .entry_number = -1, .base_addr = 0x10000 * (i + 1), .limit = 0xfff0 + i,
					   .seg_32bit = 1, .limit_in_pages = i & 1, .useable = 1 };
		long error = compat(kSetThreadArea, &d[i]);
		if (error)
			skip("set_thread_area through int 0x80: %s", strerror(-error));
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 3; i++) {
		struct user_desc *now = &d[8];
		memset(now, 0, sizeof *now);
		now->entry_number = d[i].entry_number;
		if (compat(kGetThreadArea, now) || now->base_addr != d[i].base_addr || now->limit != d[i].limit ||
		    now->limit_in_pages != d[i].limit_in_pages || now->seg_32bit != 1 || now->useable != 1)
			fail("entry %u: base %#x limit %#x, want %#x %#x", d[i].entry_number, now->base_addr, now->limit,
			     d[i].base_addr, d[i].limit);
	}
	pass();
	return 0;
}
