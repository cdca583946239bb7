#define _GNU_SOURCE
#include "threads.h"

#include <sys/syscall.h>
#include <unistd.h>

struct start {
	struct threads *t;
	int i;
};

static struct start starts[kMaxThreads];

static void *run(void *arg)
{
	struct start *s = arg;

	s->t->tid[s->i] = syscall(SYS_gettid);
	if (s->t->setup)
		s->t->setup(s->i);
	event_set(&s->t->ready[s->i], 1);
	event_wait(&s->t->go, 1);
	if (syscall(SYS_gettid) != s->t->tid[s->i])
		fail("thread %d has tid %d, had %d", s->i, (int)syscall(SYS_gettid), (int)s->t->tid[s->i]);
	if (s->t->check)
		s->t->check(s->i);
	return NULL;
}

void threads_start(struct threads *t)
{
	for (int i = 0; i < t->count; i++) {
		starts[i] = (struct start){ t, i };
		if (pthread_create(&t->handle[i], NULL, run, &starts[i]))
			die("pthread_create");
	}
	for (int i = 0; i < t->count; i++)
		event_wait(&t->ready[i], 1);
}

void threads_finish(struct threads *t)
{
	event_set(&t->go, 1);
	for (int i = 0; i < t->count; i++)
		pthread_join(t->handle[i], NULL);
}
