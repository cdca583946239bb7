#include "infect/thread_visit.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/format.h"
#include "infect/proc_thread.h"
#include "infect/tracee.h"

namespace cr::infect {
namespace {

constexpr std::uint64_t kSuspendSeccomp = 1 << 21;  // PTRACE_O_SUSPEND_SECCOMP, 4.3
constexpr int kSetDispatchConfig = 0x4210;          // PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, 6.4

Result<> check(SysResult r, const SeizedThread& thread, const char* step) {
  if (r.ok()) return {};
  if (r.err() == ESRCH) return died(thread);
  return Error{"infect", step, format("thread {}", thread.tid), r.err(), ""};
}

SysResult set_dispatch(HostPid tid, const SyscallDispatch& d) {
  return ptrace_request(kSetDispatchConfig, tid, sizeof d, &d);
}

/// A call of ours that the program dispatches raises SIGSYS: blocked, it would kill. Where dispatching does not show
/// (before 6.4) the signal is let through, unless the program's own is waiting.
std::uint64_t left_open(const SeizedThread& thread) {
  constexpr std::uint64_t kSigsys = 1ull << (SIGSYS - 1);
  if (thread.dispatch_shown) return 0;
  const auto status = read_status(thread.tid, thread.tid);
  return status && ((status->pending | status->shared_pending) & kSigsys) == 0 ? kSigsys : 0;
}

}  // namespace

SysResult set_call_number(HostPid tid, long nr) {
  if (arch::kCallNumberRegset == 0) return 0;
  int number = static_cast<int>(nr);
  iovec v{&number, sizeof number};
  return ptrace_request(PTRACE_SETREGSET, tid, arch::kCallNumberRegset, &v);
}

Error died(const SeizedThread& thread) {
  return {"infect", "run code in", format("thread {}", thread.tid), ESRCH, "somebody has killed it meanwhile"};
}

Result<> allow_all_syscalls(const SeizedThread& thread, HostPid pid) {
  const SysResult r =
      ptrace_request(PTRACE_SETOPTIONS, thread.tid, 0, std::uint64_t{PTRACE_O_TRACESYSGOOD} | kSuspendSeccomp);
  if (r.ok()) return {};
  const auto status = read_status(pid, thread.tid);
  if (status && status->seccomp == 0) return {};
  Error error = r.err() == ESRCH ? died(thread)
                                 : Error{"infect", "suspend the seccomp filter of", format("thread {}", thread.tid),
                                         r.err(), "CAP_SYS_ADMIN is needed, and no seccomp filter on the engine"};
  return error;
}

Result<> go_away(const SeizedThread& thread, const arch::Regs& away) {
  TRY(check(set_regs(thread.tid, away), thread, "set the registers of"));
  TRY(check(set_sigmask(thread.tid, ~left_open(thread)), thread, "block the signals of"));
  if (thread.dispatch.mode != 0)
    TRY(check(set_dispatch(thread.tid, SyscallDispatch{}), thread, "set the syscall dispatch of"));
  return {};
}

Result<> come_back(const SeizedThread& thread) {
  if (thread.dispatch.mode != 0)
    TRY(check(set_dispatch(thread.tid, thread.dispatch), thread, "set the syscall dispatch of"));
  TRY(check(set_sigmask(thread.tid, thread.sigmask), thread, "restore the signal mask of"));
  return check(set_regs(thread.tid, thread.regs), thread, "restore the registers of");
}

Result<SysResult> run_one_syscall(const SeizedThread& thread, const Gadgets& gadgets, std::uint64_t frame, long nr,
                                  std::span<const std::uint64_t> args, Deadline deadline) {
  const arch::Regs armed = arch::at_sigreturn(thread.regs, gadgets.syscall_ret, frame, gadgets.sigreturn);
  TRY(go_away(thread, armed));
  std::uint64_t signal = 0;
  for (;;) {
    TRY(check(ptrace_request(PTRACE_SYSCALL, thread.tid, 0, signal), thread, "resume"));
    const Stop stop = TRY(wait_stop(thread.tid, deadline));
    if (stop.kind == Stop::kDead) return died(thread);
    if (stop.kind == Stop::kSyscall) break;
    if (stop.kind == Stop::kSignal && stop.signal == SIGSYS) {
      TRY(come_back(thread));
      return Error{
          "infect", "run code in", format("thread {}", thread.tid), ENOTSUP,
          "it dispatches its system calls (PR_SET_SYSCALL_USER_DISPATCH), which kernels before 6.4 do not show; "
          "let the program end that before the dump"};
    }
    // SIGSTOP cannot be blocked, and a group stop that begins or ends traps once more before the first instruction.
    signal = stop.kind == Stop::kSignal ? static_cast<std::uint64_t>(stop.signal) : 0;
  }
  // Asking for the event stop now saves the stop at the call's exit, from where own registers must not be resumed:
  // only the way through get_signal() restarts interrupted calls.
  TRY(check(ptrace_request(PTRACE_INTERRUPT, thread.tid, 0, nullptr), thread, "interrupt"));
  TRY(check(set_regs(thread.tid, arch::instead_of_sigreturn(armed, frame, nr, args)), thread,
            "set the registers of"));
  TRY(check(set_call_number(thread.tid, nr), thread, "set the system call of"));
  TRY(check(ptrace_request(PTRACE_CONT, thread.tid, 0, nullptr), thread, "resume"));
  const Stop stop = TRY(wait_event_stop(thread.tid, deadline));
  if (stop.kind == Stop::kDead) return died(thread);
  arch::Regs regs;
  TRY(check(get_regs(thread.tid, regs), thread, "read the registers of"));
  return SysResult(arch::return_value(regs));
}

}  // namespace cr::infect
