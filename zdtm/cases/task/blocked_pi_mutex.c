/* zdtm:
 * title: a mutex with priority inheritance, held by another thread
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "blocked.h"
#include "zdtm.h"

static pthread_mutex_t mutex;

static long call(struct blocked *b)
{
	(void)b;
	return pthread_mutex_lock(&mutex) ? -1 : pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (pthread_mutex_init(&mutex, &attr) || pthread_mutex_lock(&mutex))
		skip("no PI mutexes");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (pthread_mutex_unlock(&mutex))
		fail("unlock");
	if (blocked_check(&b, 0, 0))
		return 1;
	pass();
	return 0;
}
