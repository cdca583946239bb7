/* zdtm:
 * title: the process's queue of pending signals, with siginfo and in order
 */
#define _GNU_SOURCE
#include "queue.h"
#include "zdtm.h"

int main(int argc, char **argv)
{
	sigset_t set;

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 5; i++)
		queue_signal(0, SIGRTMIN + 3, SI_QUEUE, 0x123400000000 + i);
	for (int i = 0; i < 3; i++)
		queue_signal(0, SIGRTMIN, SI_MESGQ, i);
	queue_signal(0, SIGUSR2, SI_QUEUE, -5);
	queue_signal(0, SIGUSR2, SI_QUEUE, -6); /* an ordinary signal is pending once */
	kill(getpid(), SIGUSR1);
	test_daemon();
	test_waitsig();
	siginfo_t info = take_signal(&set);
	if (info.si_signo != SIGUSR1 || info.si_code != SI_USER || info.si_pid != getpid() || info.si_uid)
		fail("signal %d code %d pid %d", info.si_signo, info.si_code, info.si_pid);
	expect_signal(&set, SIGUSR2, SI_QUEUE, -5);
	for (int i = 0; i < 3; i++)
		expect_signal(&set, SIGRTMIN, SI_MESGQ, i);
	for (int i = 0; i < 5; i++)
		expect_signal(&set, SIGRTMIN + 3, SI_QUEUE, 0x123400000000 + i);
	expect_no_signal(&set);
	pass();
	return 0;
}
