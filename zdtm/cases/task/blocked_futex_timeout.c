/* zdtm:
 * title: FUTEX_WAIT with a relative timeout keeps its remaining time
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static uint32_t word;

static long call(struct blocked *b)
{
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, -1, ETIMEDOUT))
		pass();
	return 0;
}
