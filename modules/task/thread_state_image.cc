// Names, futex lists and rseq areas in core-<tid>.img. The TID address stands in the architecture's thread_info.
#include "base/format.h"
#include "task/core.pb.h"
#include "task/thread_state.h"

namespace cr::task::thread_state {
namespace {

constexpr std::size_t kMaxComm = 15;

Result<> check_comm(const std::string& comm, NsPid tid) {
  if (comm.size() <= kMaxComm) return {};
  return Error{"thread_state", "use the name of", format("thread {}", tid), 0,
               format("it has {} bytes, the kernel keeps {}", comm.size(), kMaxComm)};
}

}  // namespace

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  const auto& model = ctx.models.get<ThreadStateModel>();
  if (thread == 0) {
    const TaskStat& stat = model.tasks.at(task.pid);
    core.mutable_tc()->set_comm(stat.comm);
    core.mutable_tc()->set_flags(stat.flags);
  }
  if (!task.alive()) return {};
  const ThreadState& from = model.threads.at(task.threads[thread].tid);
  pb::thread_core_entry& out = *core.mutable_thread_core();
  out.set_futex_rla(from.robust_list);
  out.set_futex_rla_len(static_cast<std::uint32_t>(from.robust_list_size));
  out.set_comm(from.comm);
  if (from.rseq.pointer == 0) return {};
  out.mutable_rseq_entry()->set_rseq_abi_pointer(from.rseq.pointer);
  out.mutable_rseq_entry()->set_rseq_abi_size(from.rseq.size);
  out.mutable_rseq_entry()->set_signature(from.rseq.signature);
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  auto& model = ctx.models.edit<ThreadStateModel>();
  if (thread == 0) model.tasks[task.pid] = {core.tc().comm(), core.tc().flags()};
  TRY(check_comm(model.tasks[task.pid].comm, task.pid));
  if (!task.alive()) return {};
  const NsPid tid = task.threads[thread].tid;
  ThreadState& out = model.threads[tid];
  const pb::thread_core_entry& in = core.thread_core();
  out.comm = in.has_comm() ? in.comm() : model.tasks[task.pid].comm;
  TRY(check_comm(out.comm, tid));
  out.robust_list = in.futex_rla();
  out.robust_list_size = in.futex_rla_len();
  if (in.has_rseq_entry())
    out.rseq = {in.rseq_entry().rseq_abi_pointer(), in.rseq_entry().rseq_abi_size(), in.rseq_entry().signature(),
                in.rseq_entry().rseq_cs_pointer()};
  return {};
}

}  // namespace cr::task::thread_state
