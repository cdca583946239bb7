/* zdtm:
 * title: POSIX timers keep their ids, also with holes between them, and the next one gets the next id
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "zdtm.h"

/* Raw calls, for the kernel's ids: the C library's timer_t may be a pointer. */
static int make(int *id, int value)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = value };

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, id);
}

int main(int argc, char **argv)
{
	int ids[20], next = -1;
	sigset_t set;

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 20; i++)
		if (make(&ids[i], i))
			die("timer_create: %m");
	for (int i = 0; i < 20; i++)
		if (i % 5)
			syscall(SYS_timer_delete, ids[i]);
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 20; i++) {
		struct itimerspec ts = { .it_value.tv_nsec = 1000000 }, none = { 0 };
		struct timespec limit = { .tv_sec = 5 };
		siginfo_t info = { 0 };
		int error = syscall(SYS_timer_settime, ids[i], 0, &ts, NULL) ? errno : 0;
		if (error != (i % 5 ? EINVAL : 0))
			fail("timer %d (id %d): errno %d", i, ids[i], error);
		if (i % 5)
			continue;
		if (sigtimedwait(&set, &info, &limit) != SIGRTMIN || info.si_value.sival_int != i || info.si_code != SI_TIMER ||
		    info.si_timerid != ids[i])
			fail("timer %d: signal %d value %d id %d", i, info.si_signo, info.si_value.sival_int, info.si_timerid);
		syscall(SYS_timer_settime, ids[i], 0, &none, NULL);
	}
	if (make(&next, 0))
		fail("timer_create: %m");
	for (int i = 0; i < 20; i += 5)
		if (next == ids[i])
			fail("a new timer got the id %d that is in use", next);
	pass();
	return 0;
}
