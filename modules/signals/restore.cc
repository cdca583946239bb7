#include <csignal>
#include <cstring>

#include "base/format.h"
#include "signals/signals.h"
#include "signals/wire.h"
#include "task/task.h"

namespace cr::signals {
namespace {

constexpr std::int32_t kOnStack = 1;  // SS_ONSTACK

std::int32_t word_at(const SigInfo& info, std::size_t offset) {
  std::int32_t v;
  std::memcpy(&v, info.data() + offset, sizeof v);
  return v;
}

bool queued_by_us(const SigInfo& info) {
  return signal_of(info) != SIGSTOP && signal_of(info) != SIGKILL && code_of(info) != SI_TIMER;
}

std::vector<KernelSiginfo> to_queue(const std::vector<SigInfo>& queue) {
  std::vector<KernelSiginfo> out;
  for (const SigInfo& info : queue)
    if (queued_by_us(info)) std::memcpy(&out.emplace_back(), info.data(), sizeof(KernelSiginfo));
  return out;
}

bool holds(const std::vector<SigInfo>& queue, int signal) {
  for (const SigInfo& info : queue)
    if (signal_of(info) == signal) return true;
  return false;
}

}  // namespace

std::int32_t signal_of(const SigInfo& info) { return word_at(info, 0); }
std::int32_t code_of(const SigInfo& info) { return word_at(info, 8); }
std::int32_t timer_of(const SigInfo& info) { return word_at(info, 16); }

bool is_pending(const Model& model, const Task& task, int signal) {
  auto process = model.processes.find(task.pid);
  if (process != model.processes.end() && holds(process->second.shared, signal)) return true;
  for (const Thread& thread : task.threads) {
    auto it = model.threads.find(thread.tid);
    if (it != model.threads.end() && holds(it->second.queue, signal)) return true;
  }
  return false;
}

Result<> plan(PlanCtx& ctx) {
  for (const Task& task : ctx.tree.tasks) {
    const auto& processes = ctx.models.get<Model>().processes;
    const auto it = processes.find(task.pid);
    if (!task.alive() || it == processes.end() || it->second.actions.empty()) continue;
    if (it->second.compat != task::runs_compat(ctx.models, task))
      return Error{"signals", "restore the dispositions of", format("pid {}", task.pid), 0,
                   format("they are of a {}-bit program, and it is none: the images are damaged",
                          it->second.compat ? 32 : 64)};
  }
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  for (const Task& task : ctx.tree.tasks)
    if (task.alive() && is_pending(ctx.models.get<Model>(), task, SIGSTOP) && kill(task.host.value, SIGSTOP) != 0)
      return Error{"signals", "send a pending SIGSTOP to", format("pid {}", task.pid), errno, ""};
  return {};
}

Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena) {
  const auto& processes = ctx.models().get<Model>().processes;
  auto it = processes.find(ctx.task.pid);
  if (it == processes.end()) return {};
  std::vector<KernelSigaction> actions;
  for (const Action& a : it->second.actions) actions.push_back({a.handler, a.flags, a.restorer, a.mask});
  out.actions = arena.add(actions);
  out.compat = it->second.compat;
  out.shared = arena.add(to_queue(it->second.shared));
  return {};
}

Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena) {
  const auto& threads = ctx.models().get<Model>().threads;
  out.stack_flags = 2;  // SS_DISABLE
  auto it = threads.find(ctx.task.threads[thread].tid);
  if (it == threads.end()) return {};
  const ThreadSignals& from = it->second;
  out.stack_sp = from.stack.sp;
  out.stack_size = from.stack.size;
  // Being on the stack is a matter of the stack pointer; asking for it is an error.
  out.stack_flags = static_cast<std::int32_t>(from.stack.flags) & ~kOnStack;
  out.queue = arena.add(to_queue(from.queue));
  return {};
}

}  // namespace cr::signals
