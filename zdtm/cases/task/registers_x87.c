/* zdtm:
 * title: x87 stack, control word and status keep their values
 * needs: arch:x86_64
 */
#include <string.h>

#include "zdtm.h"

struct env {
	uint32_t control, status, tag, ip, cs, dp, ds;
	unsigned char st[80];
} __attribute__((packed));

int main(int argc, char **argv)
{
	struct env before, after;
	uint16_t control = 0x0e7f; /* round towards zero, double precision: not the default */

	test_init(argc, argv);
	__asm__ volatile("fninit\n fldcw %0\n fldpi\n fldl2e\n fldlg2\n fldln2\n fld1" : : "m"(control));
	__asm__ volatile("fnsave %0\n frstor %0" : "+m"(before));
	test_daemon();
	while (test_go())
		;
	__asm__ volatile("fnsave %0" : "=m"(after));
	/* Instruction and data pointers may be forgotten by the CPU itself (FXSR leak mitigations): not compared. */
	if ((uint16_t)before.control != (uint16_t)after.control || (uint16_t)after.control != control)
		fail("control word is %#x, was %#x", after.control, before.control);
	if ((uint16_t)before.status != (uint16_t)after.status || (uint16_t)before.tag != (uint16_t)after.tag)
		fail("status %#x tag %#x, were %#x %#x", after.status, after.tag, before.status, before.tag);
	if (memcmp(before.st, after.st, sizeof before.st))
		fail("the register stack has changed");
	pass();
	return 0;
}
