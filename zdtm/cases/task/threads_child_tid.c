/* zdtm:
 * title: clear_child_tid pointers are kept, and cleared when a thread ends
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "threads.h"

static struct threads t;
static volatile pid_t word[2] = { 1, 2 };
static int *where;

static int *address(void)
{
	int *p = NULL;

	if (prctl(PR_GET_TID_ADDRESS, &p))
		fail("PR_GET_TID_ADDRESS");
	return p;
}

static void setup(int i)
{
	where = address();
	(void)i;
}

static void check(int i)
{
	(void)i;
	if (address() != where)
		fail("the pointer is %p, was %p", (void *)address(), (void *)where);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 1;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	syscall(SYS_set_tid_address, &word[1]);
	test_daemon();
	test_waitsig();
	if (address() != (int *)&word[1] || word[1] != 2)
		fail("the main thread's pointer has changed");
	/* pthread_join in there waits for the kernel to clear the word. */
	threads_finish(&t);
	pass();
	return 0;
}
