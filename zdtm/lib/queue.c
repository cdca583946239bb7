#define _GNU_SOURCE
#include "queue.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

void queue_signal(pid_t tid, int sig, int code, long value)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = sig;
	info.si_code = code;
	info.si_pid = getpid() + 1000; /* whatever: ids in a queued siginfo are the sender's claim */
	info.si_uid = 4711;
	info.si_value.sival_ptr = (void *)value;
	if (tid ? syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, sig, &info) :
		  syscall(SYS_rt_sigqueueinfo, getpid(), sig, &info))
		die("queueing signal %d: %s", sig, strerror(errno));
}

siginfo_t take_signal(const sigset_t *set)
{
	struct timespec none = { 0 };
	siginfo_t info;

	memset(&info, 0, sizeof info);
	if (sigtimedwait(set, &info, &none) < 0)
		memset(&info, 0, sizeof info);
	return info;
}

void expect_signal(const sigset_t *set, int sig, int code, long value)
{
	siginfo_t info = take_signal(set);

	if (info.si_signo != sig || info.si_code != code || (long)info.si_value.sival_ptr != value ||
	    info.si_pid != getpid() + 1000 || info.si_uid != 4711)
		fail("signal %d code %d value %#lx pid %d uid %d, want %d %d %#lx %d 4711", info.si_signo, info.si_code,
		     (long)info.si_value.sival_ptr, info.si_pid, info.si_uid, sig, code, value, getpid() + 1000);
}

void expect_no_signal(const sigset_t *set)
{
	siginfo_t info = take_signal(set);

	if (info.si_signo)
		fail("signal %d (code %d) is pending, but nobody sent it", info.si_signo, info.si_code);
}
