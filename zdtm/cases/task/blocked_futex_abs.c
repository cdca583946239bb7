/* zdtm:
 * title: FUTEX_WAIT_BITSET until an absolute time
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
	int64_t until = now_ns(CLOCK_MONOTONIC) + b->ms * 1000000ll;
	struct timespec ts = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };

	return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &ts, NULL, FUTEX_BITSET_MATCH_ANY);
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
