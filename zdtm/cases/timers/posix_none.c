/* zdtm:
 * title: a POSIX timer with SIGEV_NONE counts down and sends nothing; SIGEV_SIGNAL keeps a pointer value
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct sigevent value = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_ptr = &none };
	struct itimerspec ts = { .it_value.tv_sec = 900, .it_interval.tv_nsec = 1 }, soon = { .it_value.tv_nsec = 1 }, now;
	struct timespec limit = { .tv_sec = 5 };
	siginfo_t info = { 0 };
	sigset_t set;
	int timers[2];

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &timers[0]) ||
	    syscall(SYS_timer_create, CLOCK_MONOTONIC, &value, &timers[1]) ||
	    syscall(SYS_timer_settime, timers[0], 0, &ts, NULL))
		die("timer: %m");
	test_daemon();
	test_waitsig();
	syscall(SYS_timer_gettime, timers[0], &now);
	if (now.it_value.tv_sec >= 900 || now.it_value.tv_sec < 840 || now.it_interval.tv_nsec != 1)
		fail("%ld s remain", (long)now.it_value.tv_sec);
	syscall(SYS_timer_settime, timers[0], 0, &soon, NULL);
	usleep(10000);
	syscall(SYS_timer_settime, timers[1], 0, &soon, NULL);
	if (sigtimedwait(&set, &info, &limit) != SIGUSR1 || info.si_value.sival_ptr != &none)
		fail("signal %d value %p, want %p", info.si_signo, info.si_value.sival_ptr, (void *)&none);
	pass();
	return 0;
}
