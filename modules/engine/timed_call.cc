#include "engine/timed_call.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/format.h"
#include "base/log.h"
#include "engine/tracee_calls.h"
#include "infect/sleep_note.h"

namespace cr::engine {
namespace {

constexpr std::uint64_t kNsPerSec = 1'000'000'000;

/// Which argument holds the timeout: a pointer to a timespec, or milliseconds.
struct TimeoutArgument {
  long nr;
  int index;
  bool milliseconds;
};
constexpr TimeoutArgument kTimeouts[] = {
    {SYS_nanosleep, 0, false}, {SYS_clock_nanosleep, 2, false}, {SYS_futex, 3, false}, {arch::kNrPoll, 2, true}};

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
  const std::uint64_t scratch = scratch_of(TRY(get_regs(tid)));
  std::uint64_t left = r.timed.remaining_ns;
  TRY(poke(tid, scratch, left / kNsPerSec));
  TRY(poke(tid, scratch + 8, left % kNsPerSec));

  arch::Regs run = r.image.regs;
  for (int i = 0; i < 6; ++i) arch::set_syscall_arg(run, i, r.timed.args[static_cast<std::size_t>(i)]);
  arch::set_syscall_arg(run, where->index, where->milliseconds ? (left + 999'999) / 1'000'000 : scratch);
  const std::uint64_t due = infect::monotonic_now_ns() + left;
  TRY(set_regs(tid, arch::call_again(run, r.timed.nr)));
  if (ptrace(PTRACE_SYSCALL, tid.value, 0, 0) != 0)
    return Error{"engine", "continue a system call of", format("tid {}", tid), errno, ""};
  TRY(wait_stop(tid));  // at its entry
  if (ptrace(PTRACE_CONT, tid.value, 0, 0) != 0)
    return Error{"engine", "continue a system call of", format("tid {}", tid), errno, ""};
  TRY(interrupt(tid));
  arch::Regs now = TRY(get_regs(tid));
  if (arch::take_outcome(r.image.regs, now))
    infect::note_due(tid, r.image.regs, due);
  else
    r.timed.nr = -1;  // it was over at once
  return {};
}

}  // namespace cr::engine
