/* zdtm:
 * title: the overruns of a POSIX timer whose signal is pending are not lost
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

enum { kPeriodMs = 10 };

int main(int argc, char **argv)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 4 };
	struct itimerspec ts = { .it_value.tv_nsec = kPeriodMs * 1000000, .it_interval.tv_nsec = kPeriodMs * 1000000 };
	struct timespec limit = { .tv_sec = 5 };
	siginfo_t info = { 0 };
	sigset_t set;
	int timer;

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) || syscall(SYS_timer_settime, timer, 0, &ts, NULL))
		die("timer: %m");
	int64_t began = now_ns(CLOCK_MONOTONIC);
	sleep_ms(300);
	test_daemon();
	test_waitsig();
	/* The signal has been pending since the first period; at least the periods before the dump must be counted. */
	if (sigtimedwait(&set, &info, &limit) != SIGRTMIN || info.si_code != SI_TIMER || info.si_value.sival_int != 4)
		fail("signal %d code %d", info.si_signo, info.si_code);
	int most = (now_ns(CLOCK_MONOTONIC) - began) / (kPeriodMs * 1000000) + 2;
	if (info.si_overrun < 300 / kPeriodMs - 3 || info.si_overrun > most)
		fail("%d overruns, want %d to %d", info.si_overrun, 300 / kPeriodMs - 3, most);
	/* And it goes on. */
	if (sigtimedwait(&set, &info, &limit) != SIGRTMIN)
		fail("it fires no more");
	pass();
	return 0;
}
