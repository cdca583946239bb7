// The few ptrace moves that the end of a restore needs on its own, fully known threads.
#pragma once

#include <array>
#include <cstdint>

#include "arch/host.h"
#include "base/ids.h"
#include "base/result.h"

namespace cr::engine {

/// PTRACE_INTERRUPT and the wait for its stop.
Result<> interrupt(HostPid tid);
/// Waits for the next stop of a traced thread; error when it died instead.
Result<int> wait_stop(HostPid tid);
Result<arch::Regs> get_regs(HostPid tid);
Result<> set_regs(HostPid tid, const arch::Regs&);
/// Runs one system call in a stopped thread, at the `syscall` instruction at `instruction`, which may vanish by it;
/// the thread is in its syscall-exit stop afterwards. Errors: also what the call returned.
Result<> call_at(HostPid tid, std::uint64_t instruction, long nr, const std::array<std::uint64_t, 3>& args);

}  // namespace cr::engine
