// ptrace requests on one thread, and waiting for its stops. Every request the engine makes of a tracee goes through
// here.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "arch/host.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sys_result.h"

namespace cr::infect {

/// One ptrace(2) request; the result as the kernel returns it (PEEK requests are not for this).
SysResult ptrace_request(int request, HostPid tid, std::uint64_t addr, std::uint64_t data);
inline SysResult ptrace_request(int request, HostPid tid, std::uint64_t addr, const void* data) {
  return ptrace_request(request, tid, addr, reinterpret_cast<std::uint64_t>(data));
}

/// PTRACE_GETREGSET / SETREGSET of NT_PRSTATUS.
SysResult get_regs(HostPid tid, arch::Regs& regs);
SysResult set_regs(HostPid tid, const arch::Regs& regs);
/// PTRACE_GETSIGMASK / SETSIGMASK; bit n-1 is signal n.
SysResult get_sigmask(HostPid tid, std::uint64_t& mask);
SysResult set_sigmask(HostPid tid, std::uint64_t mask);

/// What wait_stop() saw.
struct Stop {
  enum Kind {
    kEvent,    ///< PTRACE_EVENT_STOP: interrupted or in a group stop; `signal` is SIGTRAP or the stop signal
    kSyscall,  ///< system call entry or exit (PTRACE_O_TRACESYSGOOD)
    kSignal,   ///< about to receive `signal`
    kDead,     ///< exited or killed (and reaped by this wait), or not ours any more
  } kind;
  int signal = 0;
};

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline deadline_in(std::chrono::milliseconds d) { return std::chrono::steady_clock::now() + d; }

/// Waits until `tid` stops or dies. ETIMEDOUT when it did neither before `deadline`. Kernel: wait4(__WALL).
Result<Stop> wait_stop(HostPid tid, Deadline deadline);
/// The same without waiting: false when there is nothing to report.
bool poll_stop(HostPid tid, Stop& stop);

/// From a stop on: makes a thread that has been told to stop (PTRACE_INTERRUPT) do so, delivering signals that were
/// on their way. kEvent or kDead; ETIMEDOUT.
Result<Stop> wait_event_stop(HostPid tid, Deadline deadline);

/// The stop of a thread whose process is in a group stop.
constexpr bool is_group_stop(const Stop& s) { return s.kind == Stop::kEvent && s.signal != 5 /* SIGTRAP */; }

}  // namespace cr::infect
