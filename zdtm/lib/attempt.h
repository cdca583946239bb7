/* What a hypervisor may withhold although the kernel offers it shows in a fault only: tried in a child first. */
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

/* Skips the case when a child that does it is killed by a signal. */
static inline void attempt(const char *what, void (*act)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		act(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("cannot try %s", what);
	if (WIFSIGNALED(status))
		skip("%s: signal %d on this (virtual) CPU", what, WTERMSIG(status));
}
