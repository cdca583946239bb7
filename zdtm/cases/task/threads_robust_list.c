/* zdtm:
 * title: a robust mutex whose owner dies after the restore is passed on with EOWNERDEAD
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>

#include "threads.h"

static struct threads t;
static pthread_mutex_t mutex;
static struct robust_list_head *head;

static struct robust_list_head *get_head(void)
{
	struct robust_list_head *h = NULL;
	size_t size = 0;

	if (syscall(SYS_get_robust_list, 0, &h, &size) || size != sizeof *h)
		fail("get_robust_list");
	return h;
}

static void setup(int i)
{
	(void)i;
	head = get_head();
	pthread_mutex_lock(&mutex);
}

static void check(int i)
{
	(void)i;
	if (get_head() != head)
		fail("the robust list is at %p, was at %p", (void *)get_head(), (void *)head);
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attr;

	test_init(argc, argv);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attr);
	t.count = 1;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	struct robust_list_head *own = get_head();
	test_daemon();
	test_waitsig();
	if (get_head() != own)
		fail("the main thread's robust list has moved");
	threads_finish(&t);
	int error = pthread_mutex_lock(&mutex);
	if (error != EOWNERDEAD)
		fail("locking gives %d, want EOWNERDEAD", error);
	pass();
	return 0;
}
