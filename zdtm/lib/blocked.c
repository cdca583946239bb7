#define _GNU_SOURCE
#include "blocked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "zdtm.h"

enum { kTickMs = 5, kGapMs = 20, kSlackMs = 250, kBeforeMs = 600 };

int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

void sleep_ms(int ms)
{
	int64_t until = now_ns(CLOCK_MONOTONIC) + ms * 1000000ll;
	struct timespec ts = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Ticks that come late tell how long the process did not run. */
static void *tick(void *arg)
{
	struct blocked *b = arg;
	int64_t last = now_ns(CLOCK_MONOTONIC);

	while (!b->done) {
		sleep_ms(kTickMs);
		int64_t now = now_ns(CLOCK_MONOTONIC);
		if (now - last > kGapMs * 1000000ll)
			b->frozen_ns += now - last;
		last = now;
	}
	return NULL;
}

static void *run(void *arg)
{
	struct blocked *b = arg;

	__atomic_store_n(&b->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	const clockid_t clock = b->by_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	b->began_ns = now_ns(clock);
	errno = 0;
	b->result = b->call(b);
	b->error = errno;
	b->ended_ns = now_ns(clock);
	b->done = 1;
	return NULL;
}

/* An emulated machine takes several times as long for everything but for waiting. */
static int slowness(void)
{
	const char *text = getenv("ZDTM_SLOW");

	return text ? atoi(text) : 1;
}

void blocked_start(struct blocked *b)
{
	b->ms *= slowness();
	b->slack_ms = (b->slack_ms ? b->slack_ms : kSlackMs) * slowness();
	b->done = 0;
	b->tid = 0;
	b->frozen_ns = 0;
	if (b->ms && pthread_create(&b->ticker, NULL, tick, b))
		die("pthread_create");
	if (pthread_create(&b->thread, NULL, run, b))
		die("pthread_create");
	while (!__atomic_load_n(&b->tid, __ATOMIC_SEQ_CST))
		sleep_ms(1);
	if (b->ms)
		sleep_ms(kBeforeMs);
	else
		sleep_ms(5);
	if (wait_for_state(b->tid, 'S'))
		die("the thread does not sleep");
}

int blocked_still(struct blocked *b)
{
	sleep_ms(30);
	if (!b->done)
		return 0;
	fail("the call came back by itself: %ld (%s)", b->result, strerror(b->error));
	return -1;
}

int blocked_check(struct blocked *b, long result, int error)
{
	int64_t spent, least = (b->ms - 2) * 1000000ll, most;

	pthread_join(b->thread, NULL);
	if (b->result != result || (result == -1 && b->error != error)) {
		fail("the call gave %ld (%s), want %ld (%s)", b->result, strerror(b->error), result,
		     result == -1 ? strerror(error) : "-");
		return -1;
	}
	if (!b->ms)
		return 0;
	pthread_join(b->ticker, NULL);
	spent = b->ended_ns - b->began_ns;
	most = (b->ms + b->slack_ms) * 1000000ll + b->frozen_ns;
	test_msg("took %lld ms of %d, frozen for %lld", (long long)spent / 1000000, b->ms,
		 (long long)b->frozen_ns / 1000000);
	if (spent < least || spent > most) {
		fail("the call took %lld ms, want %d to %lld", (long long)spent / 1000000, b->ms,
		     (long long)most / 1000000);
		return -1;
	}
	return 0;
}
