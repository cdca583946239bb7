#include <csignal>
#include <cstring>

#include "base/format.h"
#include "signals/info_order.h"
#include "signals/signals.h"
#include "task/core.pb.h"

namespace cr::signals {
namespace {

void write_queue(const std::vector<SigInfo>& queue, pb::signal_queue_entry& out) {
  for (const SigInfo& info : queue) {
    const SigInfo turned = info_for_image(info);
    out.add_signals()->set_siginfo(turned.data(), turned.size());
  }
}

Result<std::vector<SigInfo>> read_queue(const pb::signal_queue_entry& in, NsPid tid) {
  std::vector<SigInfo> out;
  for (const auto& entry : in.signals()) {
    const std::string& bytes = entry.siginfo();
    SigInfo& info = out.emplace_back();
    if (bytes.size() != info.size())
      return Error{"signals", "read a pending signal of", format("thread {}", tid), 0,
                   format("its siginfo has {} bytes instead of {}", bytes.size(), info.size())};
    std::memcpy(info.data(), bytes.data(), info.size());
    info = info_from_image(info);
    if (signal_of(info) < 1 || signal_of(info) > kSignals)
      return Error{"signals", "read a pending signal of", format("thread {}", tid), 0,
                   format("there is no signal {}", signal_of(info))};
  }
  return out;
}

bool has_action(int signal) { return signal != SIGKILL && signal != SIGSTOP; }

void write_process(const ProcessSignals& from, pb::task_core_entry& tc) {
  write_queue(from.shared, *tc.mutable_signals_s());
  for (int signal = 1; signal <= static_cast<int>(from.actions.size()); ++signal) {
    if (!has_action(signal)) continue;
    const Action& a = from.actions[static_cast<std::size_t>(signal - 1)];
    pb::sa_entry& out = *tc.add_sigactions();
    out.set_sigaction(a.handler);
    out.set_flags(a.flags);
    out.set_restorer(a.restorer);
    out.set_mask(a.mask);
    out.set_compat_sigaction(from.compat);
  }
}

Result<ProcessSignals> read_process(const pb::task_core_entry& tc, NsPid pid) {
  ProcessSignals out;
  if (tc.has_signals_s()) out.shared = TRY(read_queue(tc.signals_s(), pid));
  if (tc.sigactions_size() == 0) return out;
  if (tc.sigactions_size() != kSignals - 2)
    return Error{"signals", "read the dispositions of", format("pid {}", pid), 0,
                 format("there are {} instead of {}", tc.sigactions_size(), kSignals - 2)};
  int at = 0;
  for (int signal = 1; signal <= kSignals; ++signal) {
    Action& a = out.actions.emplace_back();
    if (!has_action(signal)) continue;
    const pb::sa_entry& in = tc.sigactions(at++);
    out.compat |= in.compat_sigaction();
    a = {in.sigaction(), in.flags(), in.restorer(), in.mask()};
  }
  return out;
}

}  // namespace

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive()) {
    core.mutable_tc()->set_blk_sigset(0);
    return {};
  }
  const auto& model = ctx.models.get<Model>();
  const ThreadSignals& from = model.threads.at(task.threads[thread].tid);
  pb::thread_core_entry& out = *core.mutable_thread_core();
  if (thread == 0) write_process(model.processes.at(task.pid), *core.mutable_tc());
  out.mutable_sas()->set_ss_sp(from.stack.sp);
  out.mutable_sas()->set_ss_size(from.stack.size);
  out.mutable_sas()->set_ss_flags(from.stack.flags);
  write_queue(from.queue, *out.mutable_signals_p());
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive()) return {};
  auto& model = ctx.models.edit<Model>();
  const NsPid tid = task.threads[thread].tid;
  ThreadSignals& out = model.threads[tid];
  const pb::thread_core_entry& from = core.thread_core();
  if (thread == 0) model.processes[task.pid] = TRY(read_process(core.tc(), task.pid));
  if (from.has_sas()) out.stack = {from.sas().ss_sp(), from.sas().ss_size(), from.sas().ss_flags()};
  if (from.has_signals_p()) out.queue = TRY(read_queue(from.signals_p(), tid));
  return {};
}

}  // namespace cr::signals
