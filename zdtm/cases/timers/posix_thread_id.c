/* zdtm:
 * title: POSIX timers with SIGEV_THREAD_ID signal the right thread
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "threads.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static struct threads t;
static int timers[3];
static sigset_t set;

static void setup(int i)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = i };

	event.sigev_notify_thread_id = t.tid[i];
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timers[i]))
		die("timer_create: %m");
}

static void check(int i)
{
	struct itimerspec ts = { .it_value.tv_nsec = 2000000 };
	struct timespec limit = { .tv_sec = 5 };
	siginfo_t info = { 0 };

	syscall(SYS_timer_settime, timers[i], 0, &ts, NULL);
	if (sigtimedwait(&set, &info, &limit) != SIGRTMIN || info.si_value.sival_int != i)
		fail("thread %d: signal %d value %d", i, info.si_signo, info.si_value.sival_int);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t.count = 3;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
