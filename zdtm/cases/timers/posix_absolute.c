/* zdtm:
 * title: a POSIX timer set to an absolute time fires at that time
 * compare: nostatus - on a slow machine it has fired when the state after the restore is looked at
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

int main(int argc, char **argv)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec ts = { 0 };
	struct timespec limit = { .tv_sec = 20 };
	sigset_t set;
	int timer;

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int64_t when = now_ns(CLOCK_REALTIME) + 700000000;
	ts.it_value.tv_sec = when / 1000000000;
	ts.it_value.tv_nsec = when % 1000000000;
	if (syscall(SYS_timer_create, CLOCK_REALTIME, &event, &timer) ||
	    syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &ts, NULL))
		die("timer: %m");
	test_daemon();
	test_waitsig();
	if (sigtimedwait(&set, NULL, &limit) != SIGUSR1)
		fail("it does not fire");
	else if (now_ns(CLOCK_REALTIME) < when)
		fail("it fires %lld ms too early", (long long)(when - now_ns(CLOCK_REALTIME)) / 1000000);
	pass();
	return 0;
}
