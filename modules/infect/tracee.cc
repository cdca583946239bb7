#include "infect/tracee.h"

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>

#include "base/format.h"

namespace cr::infect {
namespace {

constexpr int kPrstatus = 1;  // NT_PRSTATUS
constexpr int kPtraceGetSigmask = 0x420a;
constexpr int kPtraceSetSigmask = 0x420b;
constexpr int kPtraceEventStop = 128;

Stop decode(int status) {
  if (!WIFSTOPPED(status)) return {Stop::kDead, 0};
  const int signal = WSTOPSIG(status);
  if (status >> 16 == kPtraceEventStop) return {Stop::kEvent, signal};
  if (signal == (SIGTRAP | 0x80)) return {Stop::kSyscall, 0};
  return {Stop::kSignal, signal};
}

}  // namespace

SysResult ptrace_request(int request, HostPid tid, std::uint64_t addr, std::uint64_t data) {
  return sys::call(__NR_ptrace, request, tid.value, addr, data);
}

SysResult get_regs(HostPid tid, arch::Regs& regs) {
  if (arch::kGetRegs != 0) return ptrace_request(arch::kGetRegs, tid, 0, &regs);
  iovec v{&regs, arch::kRegsetBytes};
  const SysResult r = ptrace_request(PTRACE_GETREGSET, tid, kPrstatus, &v);
  if (!r.ok() || arch::kRegsTailRegset == 0) return r;
  v = {reinterpret_cast<std::byte*>(&regs) + arch::kRegsetBytes, arch::kRegsTailBytes};
  return ptrace_request(PTRACE_GETREGSET, tid, arch::kRegsTailRegset, &v);
}

SysResult set_regs(HostPid tid, const arch::Regs& regs) {
  if (arch::kSetRegs != 0) return ptrace_request(arch::kSetRegs, tid, 0, &regs);
  arch::Regs copy = regs;
  iovec v{&copy, arch::kRegsetBytes};
  const SysResult r = ptrace_request(PTRACE_SETREGSET, tid, kPrstatus, &v);
  if (!r.ok() || arch::kRegsTailRegset == 0) return r;
  v = {reinterpret_cast<std::byte*>(&copy) + arch::kRegsetBytes, arch::kRegsTailBytes};
  return ptrace_request(PTRACE_SETREGSET, tid, arch::kRegsTailRegset, &v);
}

SysResult get_sigmask(HostPid tid, std::uint64_t& mask) {
  return ptrace_request(kPtraceGetSigmask, tid, sizeof mask, &mask);
}

SysResult set_sigmask(HostPid tid, std::uint64_t mask) {
  return ptrace_request(kPtraceSetSigmask, tid, sizeof mask, &mask);
}

bool poll_stop(HostPid tid, Stop& stop) {
  int status = 0;
  const pid_t got = waitpid(tid.value, &status, __WALL | WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) return false;
  stop = got < 0 ? Stop{Stop::kDead, 0} : decode(status);
  return true;
}

// A blocking wait would be the shortest way, but it cannot time out and it never returns for a dead leader whose
// threads live. Most stops come within microseconds, so: look, give the CPU away, then nap ever longer.
Result<Stop> wait_stop(HostPid tid, Deadline deadline) {
  constexpr int kLooks = 40, kYields = 60;
  timespec nap{0, 20000};
  Stop stop{};
  for (int round = 0;; ++round) {
    if (poll_stop(tid, stop)) return stop;
    if (round < kLooks) continue;
    if (round < kLooks + kYields) {
      sched_yield();
      continue;
    }
    if (std::chrono::steady_clock::now() > deadline)
      return Error{"infect", "stop", format("thread {}", tid), ETIMEDOUT, ""};
    nanosleep(&nap, nullptr);
    if (nap.tv_nsec < 1000000) nap.tv_nsec *= 2;
  }
}

Result<Stop> wait_event_stop(HostPid tid, Deadline deadline) {
  for (;;) {
    const Stop stop = TRY(wait_stop(tid, deadline));
    if (stop.kind == Stop::kEvent || stop.kind == Stop::kDead) return stop;
    // Any stop cancels a pending interrupt (task_clear_jobctl_pending in ptrace_stop), so ask again; then let the
    // signal through. The kernel keeps its siginfo as long as the number stays the same. The new interrupt is
    // honoured before the first instruction of a handler.
    (void)ptrace_request(PTRACE_INTERRUPT, tid, 0, nullptr);
    (void)ptrace_request(PTRACE_CONT, tid, 0, static_cast<std::uint64_t>(stop.signal));
  }
}

}  // namespace cr::infect
