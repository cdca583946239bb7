// The switches in core-<tid>.img.
#include "base/format.h"
#include "task/core.pb.h"
#include "task/prctls.h"

namespace cr::task::prctls {
namespace {

void write_process(const ProcessPrctls& from, pb::task_core_entry& tc) {
  tc.set_child_subreaper(from.child_subreaper);
  if (from.membarrier != 0) tc.set_membarrier_registration_mask(from.membarrier);
  pb::task_extra_entry& extra = *tc.mutable_extra();
  if (from.dumpable) extra.set_dumpable(*from.dumpable);
  if (from.thp_disable) extra.set_thp_disable(*from.thp_disable);
  if (from.mdwe) extra.set_mdwe(*from.mdwe);
  if (from.memory_merge) extra.set_memory_merge(*from.memory_merge);
  if (from.futex_slots) extra.set_futex_slots(*from.futex_slots);
  if (from.timer_ids) extra.set_timer_ids(true);
}

ProcessPrctls read_process(const pb::task_core_entry& tc) {
  ProcessPrctls out;
  out.child_subreaper = tc.child_subreaper();
  out.membarrier = tc.membarrier_registration_mask();
  const pb::task_extra_entry& extra = tc.extra();
  if (extra.has_dumpable()) out.dumpable = extra.dumpable();
  if (extra.has_thp_disable()) out.thp_disable = extra.thp_disable();
  if (extra.has_mdwe()) out.mdwe = extra.mdwe();
  if (extra.has_memory_merge()) out.memory_merge = extra.memory_merge();
  if (extra.has_futex_slots()) out.futex_slots = extra.futex_slots();
  out.timer_ids = extra.timer_ids();
  return out;
}

void write_thread(const ThreadPrctls& from, pb::thread_extra_entry& out) {
  if (from.timer_slack_ns) out.set_timer_slack_ns(*from.timer_slack_ns);
  if (from.io_flusher) out.set_io_flusher(true);
  if (from.tsc_mode) out.set_tsc_mode(*from.tsc_mode);
  if (from.mce_kill) out.set_mce_kill(*from.mce_kill);
  if (from.cpuid_allowed) out.set_cpuid_allowed(*from.cpuid_allowed);
  if (from.speculation[0]) out.set_spec_store_bypass(*from.speculation[0]);
  if (from.speculation[1]) out.set_spec_indirect_branch(*from.speculation[1]);
  if (from.speculation[2]) out.set_spec_l1d_flush(*from.speculation[2]);
  if (from.mempolicy) {
    out.set_mempolicy(from.mempolicy->mode);
    for (std::uint64_t word : from.mempolicy->nodes) out.add_mempolicy_nodes(word);
  }
  if (from.dispatch.mode != 0) {
    out.mutable_dispatch()->set_mode(from.dispatch.mode);
    out.mutable_dispatch()->set_selector(from.dispatch.selector);
    out.mutable_dispatch()->set_offset(from.dispatch.offset);
    out.mutable_dispatch()->set_length(from.dispatch.length);
  }
}

void read_thread(const pb::thread_extra_entry& in, ThreadPrctls& out) {
  if (in.has_timer_slack_ns()) out.timer_slack_ns = in.timer_slack_ns();
  out.io_flusher = in.io_flusher();
  if (in.has_tsc_mode()) out.tsc_mode = in.tsc_mode();
  if (in.has_mce_kill()) out.mce_kill = in.mce_kill();
  if (in.has_cpuid_allowed()) out.cpuid_allowed = in.cpuid_allowed();
  if (in.has_spec_store_bypass()) out.speculation[0] = in.spec_store_bypass();
  if (in.has_spec_indirect_branch()) out.speculation[1] = in.spec_indirect_branch();
  if (in.has_spec_l1d_flush()) out.speculation[2] = in.spec_l1d_flush();
  if (in.has_mempolicy())
    out.mempolicy = MemPolicy{in.mempolicy(), {in.mempolicy_nodes().begin(), in.mempolicy_nodes().end()}};
  const pb::syscall_dispatch_entry& d = in.dispatch();
  if (in.has_dispatch()) out.dispatch = {d.mode(), d.selector(), d.offset(), d.length()};
}

}  // namespace

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive()) {
    core.mutable_tc()->set_personality(0);
    return {};
  }
  const auto& model = ctx.models.get<PrctlModel>();
  const ThreadPrctls& from = model.threads.at(task.threads[thread].tid);
  pb::thread_core_entry& out = *core.mutable_thread_core();
  const std::uint32_t main_personality = model.threads.at(task.threads[0].tid).personality;
  if (thread == 0) {
    write_process(model.processes.at(task.pid), *core.mutable_tc());
    core.mutable_tc()->set_personality(main_personality);
  } else if (from.personality != main_personality) {
    out.mutable_extra()->set_personality(from.personality);
  }
  if (from.pdeath_signal != 0) out.set_pdeath_sig(from.pdeath_signal);
  write_thread(from, *out.mutable_extra());
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive()) return {};
  auto& model = ctx.models.edit<PrctlModel>();
  ThreadPrctls& out = model.threads[task.threads[thread].tid];
  const pb::thread_core_entry& in = core.thread_core();
  if (thread == 0) {
    model.processes[task.pid] = read_process(core.tc());
    out.personality = core.tc().personality();
  } else {
    out.personality =
        in.extra().has_personality() ? in.extra().personality() : model.threads[task.threads[0].tid].personality;
  }
  out.pdeath_signal = in.pdeath_sig();
  read_thread(in.extra(), out);
  if (out.pdeath_signal > 64)
    return Error{"prctls", "read the parent-death signal of", format("thread {}", task.threads[thread].tid), 0,
                 format("there is no signal {}", out.pdeath_signal)};
  return {};
}

}  // namespace cr::task::prctls
