/* Pending signals with their siginfo, as the kernel hands them over. */
#pragma once

#include <signal.h>

/* Sends a siginfo made by us; tid 0: to the process, else to that thread. */
void queue_signal(pid_t tid, int sig, int code, long value);
/* Takes the next pending signal of the set without waiting; si_signo is 0 when there is none. */
siginfo_t take_signal(const sigset_t* set);
/* Takes one and fails the case unless it is this one. */
void expect_signal(const sigset_t* set, int sig, int code, long value);
void expect_no_signal(const sigset_t* set);
