/* zdtm:
 * title: pthread_cond_timedwait, as programs sleep with it
 * outside: a clock of the world goes on while those of a time namespace stand still
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static long call(struct blocked *b)
{
	int64_t until = now_ns(CLOCK_REALTIME) + b->ms * 1000000ll;
	struct timespec ts = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };
	long result;

	pthread_mutex_lock(&mutex);
	result = pthread_cond_timedwait(&cond, &mutex, &ts);
	pthread_mutex_unlock(&mutex);
	return result;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000, .by_realtime = 1 };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, ETIMEDOUT, 0))
		pass();
	return 0;
}
