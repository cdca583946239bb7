#include "task/prctls.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "base/format.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"
#include "task/regs.h"
#include "task/wire.h"

namespace cr::task {
namespace {

// include/linux/sched.h; PR_SET_IO_FLUSHER sets both.
constexpr std::uint64_t kPfMemallocNoio = 0x00080000, kPfLocalThrottle = 0x00100000;
constexpr std::uint64_t kPfIoFlusher = kPfMemallocNoio | kPfLocalThrottle;

constexpr int kSetDispatch = 0x4210;  // PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG

/// A value that the kernel may not know: negative is -errno.
std::optional<std::uint32_t> known(std::int64_t v) {
  if (v < 0) return std::nullopt;
  return static_cast<std::uint32_t>(v);
}

std::optional<MemPolicy> policy_of(const ThreadQuery& q) {
  if (q.mempolicy_error != 0) return std::nullopt;
  MemPolicy out{q.mempolicy, {std::begin(q.nodemask), std::end(q.nodemask)}};
  while (!out.nodes.empty() && out.nodes.back() == 0) out.nodes.pop_back();
  return out;
}

Result<> take_thread(ThreadPrctls& out, arch::ThreadImage& image, const ThreadQuery& q, NsPid tid) {
  if (q.tid_address_error != 0)
    return Error{"prctls", "get the TID address of", format("thread {}", tid), static_cast<int>(-q.tid_address_error),
                 "the kernel needs CONFIG_CHECKPOINT_RESTORE"};
  image.clear_tid_address = q.clear_child_tid;
  out.pdeath_signal = known(q.pdeathsig).value_or(0);
  out.personality = known(q.personality).value_or(0);
  out.securebits = known(q.securebits).value_or(0);
  if (q.timer_slack_ns >= 0) out.timer_slack_ns = static_cast<std::uint64_t>(q.timer_slack_ns);
  out.tsc_mode = known(q.tsc_mode);
  out.mce_kill = known(q.mce_kill);
  if (q.cpuid_faulting >= 0) out.cpuid_allowed = q.cpuid_faulting != 0;
  for (std::size_t i = 0; i < kSpeculationControls; ++i)
    if (q.speculation[i] > 0 && (q.speculation[i] & PR_SPEC_PRCTL)) out.speculation[i] = known(q.speculation[i]);
  out.mempolicy = policy_of(q);
  return {};
}

void take_process(ProcessPrctls& out, const ProcessQuery& q) {
  out.child_subreaper = q.child_subreaper > 0;
  out.dumpable = known(q.dumpable);
  out.thp_disable = known(q.thp_disable);
  out.mdwe = known(q.mdwe);
  if (q.memory_merge >= 0) out.memory_merge = q.memory_merge != 0;
  out.futex_slots = known(q.futex_slots);
  out.timer_ids = q.timer_ids == 1;
  out.membarrier = known(q.membarrier).value_or(0);
}

}  // namespace

namespace prctls {

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<PrctlModel>();
  for (const Task& task : ctx.tree.tasks) {
    if (!task.alive()) continue;
    for (const Thread& thread : task.threads) {
      const core::StatFields stat = TRY(core::read_stat(thread.host));
      model.threads[thread.tid].io_flusher = (stat.number(9) & kPfIoFlusher) == kPfIoFlusher;
    }
    for (const infect::SeizedThread& s : ctx.seized[task.index].threads())
      for (const Thread& thread : task.threads)
        if (thread.host == s.tid)
          model.threads[thread.tid].dispatch = {s.dispatch.mode, s.dispatch.selector, s.dispatch.offset,
                                                s.dispatch.length};
  }
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  auto& model = ctx.models.edit<PrctlModel>();
  auto& regs = ctx.models.edit<RegsModel>();
  bool first = true;
  for (infect::SeizedThread& seized : ctx.seized[task.index].threads()) {
    ThreadQuery q{};
    ProcessQuery p{};
    TRY(first ? session.call(seized, q, p) : session.call(seized, q));
    if (first) take_process(model.processes[task.pid], p);
    first = false;
    for (const Thread& thread : task.threads)
      if (thread.host == seized.tid)
        TRY(take_thread(model.threads[thread.tid], regs.threads[thread.tid].image, q, thread.tid));
  }
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  const auto& threads = ctx.models.get<PrctlModel>().threads;
  for (const Task& task : ctx.tree.tasks)
    for (const Thread& thread : task.threads)
      if (auto it = threads.find(thread.tid); it != threads.end())
        TRY(arm_dispatch(thread.host, it->second.dispatch));
  return {};
}

Result<> arm_dispatch(HostPid tid, const Dispatch& dispatch) {
  if (dispatch.mode == 0) return {};
  Dispatch copy = dispatch;
  if (ptrace(static_cast<__ptrace_request>(kSetDispatch), tid.value, sizeof copy, &copy) != 0)
    return Error{"prctls", "arm system call user dispatch in", format("thread {}", tid), errno,
                 "needs Linux 6.4 or later"};
  return {};
}

}  // namespace prctls
}  // namespace cr::task
