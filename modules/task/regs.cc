#include "task/regs.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch/thread_image.h"
#include "arch/thread_state.h"
#include "base/format.h"
#include "base/log.h"
#include "infect/parasite_session.h"
#include "infect/sleep_note.h"
#include "infect/time_left.h"

namespace cr::task {
namespace {

constexpr std::uint64_t kNsPerSec = 1'000'000'000;

/// A timespec in the target's memory, as ns; nullopt when it can't be read.
std::optional<std::uint64_t> read_timespec(int mem_fd, std::uint64_t at) {
  timespec ts;
  if (at == 0 || pread(mem_fd, &ts, sizeof ts, static_cast<off_t>(at)) != sizeof ts) return std::nullopt;
  if (ts.tv_sec < 0 || ts.tv_nsec < 0) return std::nullopt;
  return static_cast<std::uint64_t>(ts.tv_sec) * kNsPerSec + static_cast<std::uint64_t>(ts.tv_nsec);
}

std::uint64_t less(std::uint64_t total, std::uint64_t elapsed) { return total > elapsed ? total - elapsed : 0; }

/// The call that the thread is in. An earlier stop may have made it go on by restart_syscall(2), which leaves the
/// arguments as they were; both kinds of sleep look alike then, but a clock is no address.
long call_of(const infect::SeizedThread& th) {
  const long nr = arch::syscall_nr(th.regs);
  if (nr != SYS_restart_syscall) return nr;
  constexpr std::int64_t kLowestAddress = 4096;
  const bool clock = static_cast<std::int64_t>(arch::syscall_arg(th.regs, 0)) < kLowestAddress;
  return th.restart.nr == SYS_nanosleep && clock ? SYS_clock_nanosleep : th.restart.nr;
}

/// How much of its time a call interrupted with -ERESTART_RESTARTBLOCK has left.
std::optional<std::uint64_t> remaining(int mem_fd, const infect::SeizedThread& th) {
  auto arg = [&](int i) { return arch::syscall_arg(th.regs, i); };
  // An interrupted sleep writes what is left to rmtp before it returns to the restart logic (nanosleep(2)).
  const bool continued = arch::syscall_nr(th.regs) == SYS_restart_syscall;
  const std::uint64_t now = infect::monotonic_now_ns();
  std::optional<std::uint64_t> elapsed, due;
  if (continued)
    due = infect::noted_due(th.tid, th.regs, now);
  else
    elapsed = th.restart.blocked_for_ns;
  auto from = [&](std::uint64_t requested_at) -> std::optional<std::uint64_t> {
    if (due) return less(*due, now);
    auto total = read_timespec(mem_fd, requested_at);
    if (!total || !elapsed) return std::nullopt;
    return less(*total, *elapsed);
  };
  switch (call_of(th)) {
    case SYS_nanosleep:
      return arg(1) != 0 ? read_timespec(mem_fd, arg(1)) : from(arg(0));
    case SYS_clock_nanosleep:
      return arg(3) != 0 ? read_timespec(mem_fd, arg(3)) : from(arg(2));
    case SYS_futex:
      return from(arg(3));
    case arch::kNrPoll:
      if (due) return less(*due, now);
      if (!elapsed) return std::nullopt;
      return less(arg(2) * 1'000'000, *elapsed);
    default:
      return std::nullopt;
  }
}

void keep_arguments(const infect::SeizedThread& th, TimedCall& call) {
  for (int a = 0; a < 6; ++a) call.args[static_cast<std::size_t>(a)] = arch::syscall_arg(th.regs, a);
}

}  // namespace

bool runs_compat(const Models& models, const Task& t) {
  const auto& threads = models.get<RegsModel>().threads;
  const auto it = threads.find(t.threads.front().tid);
  return it != threads.end() && arch::is_compat(it->second.image.regs);
}

Result<> collect_regs(DumpCtx& ctx) {
  RegsModel& m = ctx.models.edit<RegsModel>();
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    const infect::SeizedTask& seized = ctx.seized[t.index];
    for (std::size_t i = 0; i < t.threads.size(); ++i) {
      const infect::SeizedThread& th = seized.threads()[i];
      ThreadRegs& r = m.threads[t.threads[i].tid];
      r.sigmask = th.sigmask;
      r.image.fpu = arch::split_xstate(th.xstate);
      r.image.regs = arch::for_images(th.regs);
      TRY(arch::get_thread_state(th.tid, r.image));
      if (auto left = infect::time_left(seized.pid(), th, seized.mem_fd())) {
        r.timed.nr = th.restart.nr;
        r.timed.remaining_ns = *left;
        keep_arguments(th, r.timed);
        continue;
      }
      if (th.restart.kind != arch::RestartKind::kBlock) continue;
      if (auto left = remaining(seized.mem_fd(), th)) {
        infect::note_due(th.tid, th.regs, infect::monotonic_now_ns() + *left);  // in case it runs on
        r.timed.nr = call_of(th);
        r.timed.remaining_ns = *left;
        keep_arguments(th, r.timed);
      } else {
        log::warn("task: tid {}: system call {} will start anew, the kernel does not tell its remaining time", th.tid,
                  call_of(th));
        arch::Regs anew = th.regs;
        arch::set_syscall_nr(anew, call_of(th));
        r.image.regs = arch::rewound(anew);
      }
    }
  }
  return {};
}

Result<> plan_regs(PlanCtx& ctx) {
  for (const auto& [tid, r] : ctx.models.get<RegsModel>().threads) {
    std::string missing = arch::missing_features(r.image);
    if (!missing.empty())
      return Error{"task", "restore", format("the extended registers of thread {}", tid), 0,
                   format("this CPU or kernel lacks {}; restore on a machine that has them", missing)};
  }
  return {};
}

}  // namespace cr::task
