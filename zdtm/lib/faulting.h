/* What happens when a page is touched: the signal, caught by a forked child so that the case itself goes on. */
#pragma once

#include <signal.h>
#include <sys/wait.h>

#include "check.h"

enum access { kReads, kWrites, kExecutes };

/* 0 when the access works, else the signal that it raises. */
static inline int access_signal(volatile char* addr, enum access how) {
  int status;
  pid_t pid = must(fork());
  if (pid == 0) {
    if (how == kReads) _exit(*addr & 0);
    if (how == kWrites) *addr = 1;
    if (how == kExecutes) ((void (*)(void))(uintptr_t)addr)();
    _exit(0);
  }
  must(waitpid(pid, &status, 0));
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
