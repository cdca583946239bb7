/* fork(2) with flags of clone(2), for a child whose end is told by another signal, without the C library's bookkeeping. By clone3(2): the
 * arguments of clone(2) have another order on each architecture. */
#pragma once

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline pid_t fork_with_flags(uint64_t flags, int exit_signal) {
  uint64_t args[8] = {[0] = flags, [4] = (uint64_t)exit_signal};
  return (pid_t)syscall(SYS_clone3, args, sizeof args);
}

static inline pid_t fork_with_signal(int exit_signal) { return fork_with_flags(0, exit_signal); }
