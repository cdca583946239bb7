/* zdtm:
 * title: an alternate stack with SS_AUTODISARM
 */
#define _GNU_SOURCE
#include <signal.h>

#include "zdtm.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char stack[32768];

int main(int argc, char **argv)
{
	stack_t s = { .ss_sp = stack + 512, .ss_size = sizeof stack - 1024, .ss_flags = SS_AUTODISARM };

	test_init(argc, argv);
	if (sigaltstack(&s, NULL))
		skip("SS_AUTODISARM: %m");
	test_daemon();
	test_waitsig();
	sigaltstack(NULL, &s);
	if (s.ss_sp != stack + 512 || s.ss_size != sizeof stack - 1024 || (unsigned)s.ss_flags != SS_AUTODISARM)
		fail("stack %p size %zu flags %#x", s.ss_sp, s.ss_size, s.ss_flags);
	else
		pass();
	return 0;
}
