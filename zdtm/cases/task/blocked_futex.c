/* zdtm:
 * title: FUTEX_WAIT without a timeout goes on waiting and is woken
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static uint32_t word;

static long call(struct blocked *b)
{
	(void)b;
	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1)
		fail("nobody waits on the futex");
	if (blocked_check(&b, 0, 0))
		return 1;
	pass();
	return 0;
}
