// The registers in core-<tid>.img.
#include "arch/thread_image.h"
#include "task/core.pb.h"
#include "task/regs.h"

namespace cr::task {

Result<> write_core_regs(const DumpCtx& ctx, const Task& t, std::size_t thread, pb::core_entry& e) {
  if (!t.alive()) {
    arch::put_architecture(e);
    return {};
  }
  const ThreadRegs& r = ctx.models.get<RegsModel>().threads.at(t.threads[thread].tid);
  arch::put_thread_image(r.image, e);
  if (thread == 0)
    e.mutable_tc()->set_blk_sigset(r.sigmask);
  else
    e.mutable_thread_core()->set_blk_sigset(r.sigmask);
  if (r.timed.nr < 0) return {};
  pb::timed_call_entry& call = *e.mutable_thread_core()->mutable_timed_call();
  call.set_nr(static_cast<std::uint32_t>(r.timed.nr));
  call.set_remaining_ns(r.timed.remaining_ns);
  for (std::uint64_t a : r.timed.args) call.add_args(a);
  return {};
}

Result<> read_core_regs(ReadCtx& ctx, const Task& t, std::size_t thread, const pb::core_entry& e) {
  if (!t.alive()) return {};
  ThreadRegs& r = ctx.models.edit<RegsModel>().threads[t.threads[thread].tid];
  r.image = TRY(arch::get_thread_image(e));
  r.sigmask = e.thread_core().has_blk_sigset() ? e.thread_core().blk_sigset() : e.tc().blk_sigset();
  if (!e.thread_core().has_timed_call()) return {};
  const pb::timed_call_entry& call = e.thread_core().timed_call();
  r.timed.nr = static_cast<long>(call.nr());
  r.timed.remaining_ns = call.remaining_ns();
  for (int i = 0; i < std::min(call.args_size(), 6); ++i) r.timed.args[static_cast<std::size_t>(i)] = call.args(i);
  return {};
}

}  // namespace cr::task
