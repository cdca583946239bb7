#include "engine/timed_call.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/format.h"
#include "base/log.h"
#include "engine/tracee_calls.h"

namespace cr::engine {
namespace {

constexpr std::uint64_t kNsPerSec = 1'000'000'000;
constexpr long kRestartBlock = -516;  // -ERESTART_RESTARTBLOCK, include/linux/errno.h
constexpr std::uint64_t kBelowStack = 1024;

/// Which argument holds the timeout: a pointer to a timespec, or milliseconds.
struct TimeoutArgument {
  long nr;
  int index;
  bool milliseconds;
};
constexpr TimeoutArgument kTimeouts[] = {
    {SYS_nanosleep, 0, false}, {SYS_clock_nanosleep, 2, false}, {SYS_futex, 3, false}, {SYS_poll, 2, true}};

Result<> poke(HostPid tid, std::uint64_t at, std::uint64_t word) {
  if (ptrace(PTRACE_POKEDATA, tid.value, at, word) == 0) return {};
  return Error{"engine", "write to the memory of", format("tid {}", tid), errno, ""};
}

}  // namespace

Result<> resume_timed_call(HostPid tid, task::ThreadRegs& r) {
  const TimeoutArgument* where = nullptr;
  for (const TimeoutArgument& t : kTimeouts)
    if (t.nr == r.timed.nr) where = &t;
  if (where == nullptr) {
    log::warn("engine: tid {}: system call {} returns EINTR, its kind is not known here", tid, r.timed.nr);
    r.timed.nr = -1;
    return {};
  }
  arch::Regs parked = TRY(get_regs(tid));
  std::uint64_t scratch = (parked.rsp - kBelowStack) & ~15ull;
  std::uint64_t left = r.timed.remaining_ns;
  TRY(poke(tid, scratch, left / kNsPerSec));
  TRY(poke(tid, scratch + 8, left % kNsPerSec));

  arch::Regs run = r.image.regs;
  for (int i = 0; i < 6; ++i) arch::set_syscall_arg(run, i, r.timed.args[static_cast<std::size_t>(i)]);
  arch::set_syscall_arg(run, where->index, where->milliseconds ? (left + 999'999) / 1'000'000 : scratch);
  run.rip -= arch::kSyscallInsnSize;
  run.rax = static_cast<std::uint64_t>(r.timed.nr);
  run.orig_rax = ~0ull;
  TRY(set_regs(tid, run));
  if (ptrace(PTRACE_SYSCALL, tid.value, 0, 0) != 0)
    return Error{"engine", "continue a system call of", format("tid {}", tid), errno, ""};
  TRY(wait_stop(tid));  // at its entry
  if (ptrace(PTRACE_CONT, tid.value, 0, 0) != 0)
    return Error{"engine", "continue a system call of", format("tid {}", tid), errno, ""};
  TRY(interrupt(tid));
  arch::Regs now = TRY(get_regs(tid));
  r.image.regs.rax = now.rax;
  if (arch::return_value(now) == kRestartBlock)
    r.image.regs.orig_rax = now.orig_rax;
  else
    r.timed.nr = -1;  // it was over at once
  return {};
}

}  // namespace cr::engine
