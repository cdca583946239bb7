/* zdtm:
 * title: futex_waitv on several words
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
static uint32_t words[3];

struct waiter { /* struct futex_waitv of Linux 5.16 */
	uint64_t value, address;
	uint32_t flags, reserved;
};

static long call(struct blocked *b)
{
	struct waiter w[3];

	(void)b;
	for (int i = 0; i < 3; i++)
		w[i] = (struct waiter){ 0, (uintptr_t)&words[i], 2 /* 32 bits */ | FUTEX_PRIVATE_FLAG, 0 };
	return syscall(SYS_futex_waitv, w, 3, 0, NULL, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) && errno == ENOSYS)
		skip("futex_waitv: %m");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (syscall(SYS_futex, &words[2], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1)
		fail("nobody waits");
	if (blocked_check(&b, 2, 0))
		return 1;
	pass();
	return 0;
}
