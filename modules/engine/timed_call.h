// Continuing a system call with the time that it had left.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "task/regs.h"

namespace cr::engine {

/// Lets a parked, stopped thread make its interrupted call (nanosleep, clock_nanosleep, poll, futex) again with what
/// was left of its timeout, and interrupts that at once: the kernel then holds a restart block of the right expiry,
/// and continues the call (restart_syscall) when the thread goes on with `regs`, which are changed accordingly.
Result<> resume_timed_call(HostPid tid, task::ThreadRegs& regs);

}  // namespace cr::engine
