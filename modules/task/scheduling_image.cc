// Scheduling in core-<tid>.img.
#include "task/core.pb.h"
#include "task/scheduling.h"

namespace cr::task::sched {
namespace {

bool is_realtime(std::uint32_t policy) { return policy == kSchedFifo || policy == kSchedRr; }

void write_extra(const SchedAttr& from, pb::sched_extra_entry& out) {
  out.set_flags(from.flags);
  out.set_runtime(from.runtime);
  out.set_deadline(from.deadline);
  out.set_period(from.period);
  out.set_util_min(from.util_min);
  out.set_util_max(from.util_max);
}

SchedAttr read_attr(const pb::thread_core_entry& in) {
  SchedAttr out;
  out.policy = in.sched_policy() & ~kPolicyResetOnFork;
  if (in.sched_policy() & kPolicyResetOnFork) out.flags |= kSchedFlagResetOnFork;
  out.nice = in.sched_nice();
  out.priority = in.sched_prio();
  const pb::sched_extra_entry& extra = in.extra().sched();
  out.flags |= extra.flags();
  out.runtime = extra.runtime();
  out.deadline = extra.deadline();
  out.period = extra.period();
  out.util_min = extra.util_min();
  out.util_max = extra.util_max();
  return out;
}

}  // namespace

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive()) return {};
  const Scheduling& from = ctx.models.get<SchedModel>().threads.at(task.threads[thread].tid);
  pb::thread_core_entry& out = *core.mutable_thread_core();
  const SchedAttr& attr = *from.attr;
  out.set_sched_nice(attr.nice);
  out.set_sched_policy(attr.policy | (attr.flags & kSchedFlagResetOnFork ? kPolicyResetOnFork : 0));
  if (is_realtime(attr.policy)) out.set_sched_prio(attr.priority);
  pb::thread_extra_entry& extra = *out.mutable_extra();
  if (attr.flags != 0 || attr.runtime != 0 || attr.util_min != 0 || attr.util_max != 0)
    write_extra(attr, *extra.mutable_sched());
  for (std::uint64_t word : from.affinity) extra.add_affinity(word);
  if (from.ioprio) extra.set_ioprio(*from.ioprio);
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive()) return {};
  const pb::thread_core_entry& in = core.thread_core();
  Scheduling& out = ctx.models.edit<SchedModel>().threads[task.threads[thread].tid];
  if (in.has_sched_policy() || in.has_sched_nice()) out.attr = read_attr(in);
  out.affinity.assign(in.extra().affinity().begin(), in.extra().affinity().end());
  if (in.extra().has_ioprio()) out.ioprio = in.extra().ioprio();
  return {};
}

}  // namespace cr::task::sched
