// The few ptrace moves that the end of a restore needs on its own, fully known threads.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "arch/host.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sys_result.h"

namespace cr::engine {

/// PTRACE_INTERRUPT and the wait for its stop.
Result<> interrupt(HostPid tid);
/// For a thread that is stopped on its way into system call `nr`, to stay there: lets it go on until it has arrived.
Result<arch::Regs> interrupt_in_call(HostPid tid, long nr);
/// Waits for the next stop of a traced thread; error when it died instead.
Result<int> wait_stop(HostPid tid);
Result<arch::Regs> get_regs(HostPid tid);
Result<> set_regs(HostPid tid, const arch::Regs&);
/// Writes one word; what is there may be read only.
Result<> poke(HostPid tid, std::uint64_t at, std::uint64_t word);
/// Where a parked thread has memory that nobody needs.
inline std::uint64_t scratch_of(const arch::Regs& parked) { return (arch::sp(parked) - 1024) & ~15ull; }
/// Runs one system call in a stopped thread, at the `syscall` instruction at `instruction`, which may vanish by it;
/// the thread is in an event stop afterwards.
Result<SysResult> try_call_at(HostPid tid, std::uint64_t instruction, long nr,
                              std::initializer_list<std::uint64_t> args);
/// The same for a call that has to succeed.
Result<> call_at(HostPid tid, std::uint64_t instruction, long nr, std::initializer_list<std::uint64_t> args);

}  // namespace cr::engine
