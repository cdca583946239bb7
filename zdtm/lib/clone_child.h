/* A child made by clone() with sharing flags that fork() doesn't offer. */
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "waiting_child.h"

/* Like fork(), sharing what the flags say. Not for CLONE_VM: parent and child return on the same stack. */
static inline pid_t fork_sharing(unsigned long flags)
{
  return must((pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));
}

/* A child that shares so, waits with the case, runs check and exits. */
static inline pid_t waiting_child_sharing(unsigned long flags, void (*check)(void *), void *arg)
{
  pid_t pid = fork_sharing(flags);
  if (pid == 0) {
    test_waitsig();
    check(arg);
    _exit(0);
  }
  return pid;
}
