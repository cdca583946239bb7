/* zdtm:
 * title: pending signals that the kernel made: SIGCHLD with its status, a timer's signal, a descriptor's signal
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "proc.h"
#include "queue.h"
#include "zdtm.h"

int main(int argc, char **argv)
{
	sigset_t set;
	int fds[2];

	test_init(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN + 7);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t child = fork();
	if (!child)
		_exit(77);
	wait_for_state(child, 'Z');
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	setitimer(ITIMER_REAL, &soon, NULL);
	if (pipe(fds) || fcntl(fds[0], F_SETOWN, getpid()) || fcntl(fds[0], F_SETSIG, SIGRTMIN + 7) ||
	    fcntl(fds[0], F_SETFL, O_ASYNC) || write(fds[1], "x", 1) != 1)
		die("pipe: %m");
	usleep(20000);
	test_daemon();
	test_waitsig();
	siginfo_t info = take_signal(&set);
	if (info.si_signo != SIGALRM || info.si_code != SI_KERNEL)
		fail("timer: signal %d code %d", info.si_signo, info.si_code);
	info = take_signal(&set);
	if (info.si_signo != SIGCHLD || info.si_code != CLD_EXITED || info.si_pid != child || info.si_status != 77)
		fail("child: signal %d code %d pid %d status %d", info.si_signo, info.si_code, info.si_pid, info.si_status);
	info = take_signal(&set);
	if (info.si_signo != SIGRTMIN + 7 || info.si_code != POLL_IN || info.si_fd != fds[0])
		fail("descriptor: signal %d code %d fd %d", info.si_signo, info.si_code, info.si_fd);
	expect_no_signal(&set);
	pass();
	return 0;
}
