/* zdtm:
 * title: threads keep their tids, their names and their thread-local data
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "threads.h"

static __thread char local[5000];
static struct threads t;

static void name_of(int i, char name[16])
{
	/* Blanks and brackets: what a careless parser of /proc/PID/stat stumbles over. */
	snprintf(name, 16, i % 2 ? "th %d) S (" : "thread-%d", i);
}

static void setup(int i)
{
	char name[16];

	name_of(i, name);
	prctl(PR_SET_NAME, name);
	fill_pattern(local, sizeof local, i);
}

static void check(int i)
{
	char name[16], now[16] = "";

	name_of(i, name);
	prctl(PR_GET_NAME, now);
	if (strcmp(name, now))
		fail("thread %d is called %s", i, now);
	if (check_pattern(local, sizeof local, i))
		fail("thread-local memory of thread %d", i);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 10;
	t.setup = setup;
	t.check = check;
	prctl(PR_SET_NAME, "the main one");
	threads_start(&t);
	test_daemon();
	test_waitsig();
	char now[16] = "";
	prctl(PR_GET_NAME, now);
	if (strcmp(now, "the main one"))
		fail("the main thread is called %s", now);
	threads_finish(&t);
	pass();
	return 0;
}
