#include "task/regs.h"

#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "base/log.h"
#include "infect/parasite_session.h"

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

/// How much of its time a call interrupted with -ERESTART_RESTARTBLOCK has left.
std::optional<std::uint64_t> remaining(int mem_fd, const infect::SeizedThread& th) {
  auto arg = [&](int i) { return arch::syscall_arg(th.regs, i); };
  // An interrupted sleep writes what is left to rmtp before it returns to the restart logic (nanosleep(2)).
  std::optional<std::uint64_t> elapsed = th.restart.blocked_for_ns;
  auto from = [&](std::uint64_t requested_at) -> std::optional<std::uint64_t> {
    auto total = read_timespec(mem_fd, requested_at);
    if (!total || !elapsed) return std::nullopt;
    return less(*total, *elapsed);
  };
  switch (arch::syscall_nr(th.regs)) {
    case SYS_nanosleep:
      return arg(1) != 0 ? read_timespec(mem_fd, arg(1)) : from(arg(0));
    case SYS_clock_nanosleep:
      return arg(3) != 0 ? read_timespec(mem_fd, arg(3)) : from(arg(2));
    case SYS_futex:
      return from(arg(3));
    case SYS_poll:
      if (!elapsed) return std::nullopt;
      return less(arg(2) * 1'000'000, *elapsed);
    default:
      return std::nullopt;
  }
}

}  // namespace

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
      r.image.regs = arch::for_sigreturn(th.regs);
      // What the format's other readers expect there: the number stays, they never restart by it.
      r.image.regs.orig_rax = th.regs.orig_rax;
      for (std::size_t k = 0; k < r.image.tls.size(); ++k) {
        r.image.tls[k].entry_number = arch::kFirstTlsEntry + static_cast<std::uint32_t>(k);
        ptrace(static_cast<__ptrace_request>(25) /* PTRACE_GET_THREAD_AREA */, th.tid.value,
               r.image.tls[k].entry_number, &r.image.tls[k]);
      }
      if (th.restart.kind != arch::RestartKind::kBlock) continue;
      if (auto left = remaining(seized.mem_fd(), th)) {
        r.timed.nr = arch::syscall_nr(th.regs);
        r.timed.remaining_ns = *left;
        for (int a = 0; a < 6; ++a) r.timed.args[static_cast<std::size_t>(a)] = arch::syscall_arg(th.regs, a);
      } else {
        log::warn("task: tid {}: system call {} will start anew, the kernel does not tell its remaining time", th.tid,
                  arch::syscall_nr(th.regs));
        r.image.regs = arch::rewound(th.regs);
      }
    }
  }
  return {};
}

Result<> plan_regs(PlanCtx& ctx) {
  for (const auto& [tid, r] : ctx.models.get<RegsModel>().threads) {
    std::string missing = arch::missing_xfeatures(r.image.fpu);
    if (!missing.empty())
      return Error{"task", "restore", format("the extended registers of thread {}", tid), 0,
                   format("this CPU or kernel lacks {}; restore on a machine that has them", missing)};
  }
  return {};
}

}  // namespace cr::task
