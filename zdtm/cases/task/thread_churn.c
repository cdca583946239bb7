/* zdtm:
 * title: threads that are made and end all the time while the process is seized
 * compare: notasks - the threads and their stacks come and go
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "zdtm.h"

static void *thread(void *arg)
{
	return (char *)arg + 1;
}

static void *maker(void *arg)
{
	long rounds = 0;

	(void)arg;
	do {
		pthread_t t;
		void *result = NULL;
		if (pthread_create(&t, NULL, thread, (void *)rounds))
			die("pthread_create");
		pthread_join(t, &result);
		if ((long)result != ++rounds)
			fail("round %ld gave %ld", rounds, (long)result);
	} while (test_go());
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t makers[2];

	test_init(argc, argv);
	for (int i = 0; i < 2; i++)
		pthread_create(&makers[i], NULL, maker, NULL);
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 2; i++)
		pthread_join(makers[i], NULL);
	pass();
	return 0;
}
