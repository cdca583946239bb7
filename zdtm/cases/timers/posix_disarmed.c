/* zdtm:
 * title: a POSIX timer that is not armed, and one that has run out, stay so
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "zdtm.h"

static volatile int count;

static void handler(int s)
{
	(void)s;
	count++;
}

int main(int argc, char **argv)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 }, now, none = { 0 };
	int timers[2];

	test_init(argc, argv);
	signal(SIGUSR1, handler);
	for (int i = 0; i < 2; i++)
		if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timers[i]))
			die("timer_create: %m");
	syscall(SYS_timer_settime, timers[1], 0, &soon, NULL);
	while (!count)
		usleep(1000);
	test_daemon();
	test_waitsig();
	usleep(20000);
	for (int i = 0; i < 2; i++)
		if (syscall(SYS_timer_gettime, timers[i], &now) || memcmp(&now, &none, sizeof now))
			fail("timer %d is armed", i);
	if (count != 1)
		fail("the signal came %d times", count);
	pass();
	return 0;
}
