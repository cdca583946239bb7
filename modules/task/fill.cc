// Composes what the restorer is told about the tasks' own state.
#include <algorithm>
#include <cstring>

#include "mm/mm.h"
#include "task/regs.h"
#include "task/task.h"
#include "task/wire.h"

namespace cr::task {
namespace {

template <class T>
std::int64_t or_unset(const std::optional<T>& v) {
  return v ? static_cast<std::int64_t>(*v) : kUnset;
}

void put_prctls(const ThreadPrctls& from, RestoreThread& out, ArenaBuilder& arena) {
  out.personality = from.personality;
  out.pdeath_signal = from.pdeath_signal;
  out.timer_slack_ns = or_unset(from.timer_slack_ns);
  out.io_flusher = from.io_flusher;
  out.tsc_mode = or_unset(from.tsc_mode);
  out.mce_kill = or_unset(from.mce_kill);
  out.cpuid_allowed = or_unset(from.cpuid_allowed);
  for (std::size_t i = 0; i < kSpeculationControls; ++i) out.speculation[i] = or_unset(from.speculation[i]);
  if (!from.mempolicy) return;
  out.mempolicy = from.mempolicy->mode;
  out.nodemask = arena.add(from.mempolicy->nodes);
}

void put_state(const ThreadState& from, RestoreThread& out) {
  from.comm.copy(out.comm, sizeof out.comm - 1);
  out.robust_list = from.robust_list;
  out.robust_list_size = from.robust_list_size;
  out.rseq = from.rseq.pointer;
  out.rseq_size = from.rseq.size;
  out.rseq_signature = from.rseq.signature;
}

/// Images of other engines tell of two switches with the address space.
void put_mm_switches(const TaskCtx& ctx, RestoreProcess& out) {
  const auto& mm = ctx.models().get<mm::Model>();
  if (!mm.space_of.contains(ctx.task.pid)) return;
  const mm::AddressSpace& space = mm.of(ctx.task);
  if (out.dumpable == kUnset) out.dumpable = space.dumpable;
  if (out.thp_disable == kUnset && space.thp_disabled) out.thp_disable = 1;
}

}  // namespace

Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena) {
  out.child_subreaper = out.thp_disable = out.memory_merge = out.mdwe = out.dumpable = out.futex_slots =
      out.timer_ids = kUnset;
  const auto& prctls = ctx.models().get<PrctlModel>().processes;
  if (auto it = prctls.find(ctx.task.pid); it != prctls.end()) {
    const ProcessPrctls& from = it->second;
    out.child_subreaper = from.child_subreaper;
    out.thp_disable = or_unset(from.thp_disable);
    out.memory_merge = or_unset(from.memory_merge);
    out.mdwe = or_unset(from.mdwe);
    out.dumpable = or_unset(from.dumpable);
    out.futex_slots = or_unset(from.futex_slots);
    out.timer_ids = from.timer_ids;
    out.membarrier = from.membarrier;
  }
  put_mm_switches(ctx, out);
  if (limits::set_by_coordinator(ctx.models())) return {};
  const auto& limits = ctx.models().get<LimitsModel>().tasks;
  auto it = limits.find(ctx.task.pid);
  if (it == limits.end() || !it->second.has_rlimits) return {};
  std::vector<RestoreLimit> rlimits;
  for (const Rlimit& r : it->second.rlimits) rlimits.push_back({r.cur, r.max});
  out.rlimits = arena.add(rlimits);
  return {};
}

Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena) {
  const NsPid tid = ctx.task.threads[thread].tid;
  out.personality = out.timer_slack_ns = out.io_flusher = out.tsc_mode = out.mce_kill = out.cpuid_allowed =
      out.mempolicy = kUnset;
  std::fill(std::begin(out.speculation), std::end(out.speculation), kUnset);
  const auto& prctls = ctx.models().get<PrctlModel>().threads;
  if (auto it = prctls.find(tid); it != prctls.end()) put_prctls(it->second, out, arena);
  const auto& states = ctx.models().get<ThreadStateModel>().threads;
  if (auto it = states.find(tid); it != states.end()) put_state(it->second, out);
  const auto& regs = ctx.models().get<RegsModel>().threads;
  if (auto it = regs.find(tid); it != regs.end()) out.clear_child_tid = it->second.image.clear_tid_address;
  return {};
}

}  // namespace cr::task
