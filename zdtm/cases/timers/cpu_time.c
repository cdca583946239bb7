/* zdtm:
 * title: a CPU-time timer of one thread counts that thread's work only
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "blocked.h"
#include "threads.h"

static struct threads t;
static volatile int fired;
static int timer;

static void handler(int s)
{
	(void)s;
	fired++;
}

static void setup(int i)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec ts = { .it_value.tv_nsec = 100000000 };

	if (i == 0 && (syscall(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, &event, &timer) ||
		       syscall(SYS_timer_settime, timer, 0, &ts, NULL)))
		die("timer: %m");
}

static void work(int ms)
{
	int64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000ll;

	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}

static void check(int i)
{
	if (i == 0) {
		work(300);
		if (fired != 1)
			fail("the timer fired %d times", fired);
	}
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	signal(SIGUSR1, handler);
	t.count = 2;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	work(200); /* not the thread whose time counts */
	if (fired)
		fail("the timer counts another thread's time");
	threads_finish(&t);
	pass();
	return 0;
}
