#include <sys/ptrace.h>

#include <array>
#include <cstring>

#include "base/format.h"
#include "infect/parasite_session.h"
#include "signals/signals.h"
#include "signals/wire.h"

namespace cr::signals {
namespace {

constexpr int kPeekSiginfo = 0x4209;  // PTRACE_PEEKSIGINFO
constexpr std::uint32_t kPeekShared = 1;

/// struct ptrace_peeksiginfo_args
struct PeekArgs {
  std::uint64_t offset;
  std::uint32_t flags;
  std::int32_t count;
};

Result<std::vector<SigInfo>> read_queue(HostPid tid, bool shared) {
  std::vector<SigInfo> out;
  std::array<SigInfo, 32> batch;
  for (;;) {
    PeekArgs args{out.size(), shared ? kPeekShared : 0, static_cast<std::int32_t>(batch.size())};
    const long n = ptrace(static_cast<__ptrace_request>(kPeekSiginfo), tid.value, &args, batch.data());
    if (n < 0)
      return Error{"signals", shared ? "peek at the shared queue of" : "peek at the private queue of",
                   format("thread {}", tid), errno, ""};
    out.insert(out.end(), batch.begin(), batch.begin() + n);
    if (n < static_cast<long>(batch.size())) return out;
  }
}

const Thread* thread_of(const Task& task, HostPid tid) {
  for (const Thread& thread : task.threads)
    if (thread.host == tid) return &thread;
  return nullptr;
}

}  // namespace

Result<> read_queues(DumpCtx& ctx, const Task& task) {
  auto& model = ctx.models.edit<Model>();
  bool first = true;
  for (const infect::SeizedThread& seized : ctx.seized[task.index].threads()) {
    const Thread* thread = thread_of(task, seized.tid);
    if (!thread) continue;
    model.threads[thread->tid].queue = TRY(read_queue(seized.tid, false));
    if (first) model.processes[task.pid].shared = TRY(read_queue(seized.tid, true));
    first = false;
  }
  return {};
}

Result<> collect(DumpCtx& ctx) {
  for (const Task& task : ctx.tree.tasks)
    if (task.alive()) TRY(read_queues(ctx, task));
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  auto& model = ctx.models.edit<Model>();
  bool first = true;
  for (infect::SeizedThread& seized : ctx.seized[task.index].threads()) {
    AltStackQuery stack{};
    ActionsQuery actions{};
    TRY(first ? session.call(seized, stack, actions) : session.call(seized, stack));
    if (first) {
      auto& out = model.processes[task.pid].actions;
      out.clear();
      model.processes[task.pid].compat = arch::is_compat(seized.regs);
      for (const KernelSigaction& a : actions.action) out.push_back({a.handler, a.flags, a.restorer, a.mask});
    }
    first = false;
    if (const Thread* thread = thread_of(task, seized.tid))
      model.threads[thread->tid].stack = {stack.sp, stack.size,
                                          static_cast<std::uint32_t>(stack.flags) & ~1u /* SS_ONSTACK */};
  }
  return {};
}

}  // namespace cr::signals
