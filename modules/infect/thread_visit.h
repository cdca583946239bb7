// Taking one stopped thread out of its own code and back in, in the order that keeps it whole when the engine dies at
// any step: registers first and mask second on the way in, mask first and registers second on the way back.
#pragma once

#include <span>

#include "base/result.h"
#include "infect/gadgets.h"
#include "infect/seize.h"

namespace cr::infect {

/// Suspends the thread's seccomp filter for as long as it is traced. Error, by name, when it has one and the engine
/// may not suspend it.
Result<> allow_all_syscalls(const SeizedThread& thread, HostPid pid);

/// Sets `away` registers, then blocks all signals; syscall user dispatch is off until come_back().
Result<> go_away(const SeizedThread& thread, const arch::Regs& away);
/// Puts the thread's own mask and registers back; it must be in an event stop. Silent when the thread is dead.
Result<> come_back(const SeizedThread& thread);

/// In the stop at a system call's entry: it becomes call `nr`, where that takes more than the registers.
SysResult set_call_number(HostPid tid, long nr);

/// Runs system call `nr` in `thread` by way of its signal frame at `frame` and the gadget `syscall; ret`. Leaves it
/// in an event stop behind the call (from where the kernel's own restart of whatever it was doing works) with foreign
/// registers: come_back() must follow. Until the moment of the call the thread is one that would run rt_sigreturn,
/// which every seccomp filter allows: the engine's death re-activates the filter.
Result<SysResult> run_one_syscall(const SeizedThread& thread, const Gadgets& gadgets, std::uint64_t frame, long nr,
                                  std::span<const std::uint64_t> args, Deadline deadline);

/// The error for a thread that died on us.
Error died(const SeizedThread& thread);

}  // namespace cr::infect
