#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>

#include "signals/signals.h"
#include "timers/timers.h"
#include "timers/wire.h"

namespace cr::timers {
namespace {

using signals::SigInfo;

/// Calls `visit(info)` for every pending signal that a timer of the process may have sent.
template <class F>
void for_each_timer_signal(const std::vector<SigInfo>& queue, F visit) {
  for (const SigInfo& info : queue)
    if (signals::code_of(info) == SI_TIMER) visit(info);
}

bool has_timer(const ProcessTimers& timers, std::int32_t id) {
  return std::any_of(timers.posix.begin(), timers.posix.end(), [&](const Timer& t) { return t.id == id; });
}

std::vector<signals::KernelSiginfo> orphans_in(const std::vector<SigInfo>& queue, const ProcessTimers& timers) {
  std::vector<signals::KernelSiginfo> out;
  for_each_timer_signal(queue, [&](const SigInfo& info) {
    if (!has_timer(timers, signals::timer_of(info))) std::memcpy(&out.emplace_back(), info.data(), info.size());
  });
  return out;
}

RestoreTimer to_wire(const TaskCtx& ctx, const Timer& t) {
  const auto number_of = [&](NsPid tid) { return ctx.tree().number_in(ctx.task.space, tid); };
  RestoreTimer out{};
  out.id = t.id;
  out.clock = t.clock;
  // The main thread makes all timers; for another's clock it has to be named: MAKE_THREAD_CPUCLOCK(tid,
  // CPUCLOCK_SCHED).
  if (is_own_thread_clock(t.clock) && t.cpu_owner.value != 0 && t.cpu_owner != ctx.task.pid)
    out.clock = static_cast<std::int32_t>(~static_cast<std::uint32_t>(number_of(t.cpu_owner)) << 3 | 6);
  out.signal = t.signal;
  out.notify = t.notify;
  out.target = t.target.value == 0 ? 0 : number_of(t.target);
  out.sigval = t.sigval;
  out.interval_ns = t.interval_ns;
  out.value_ns = t.value_ns;
  return out;
}

struct Pending {
  bool own = false;      ///< a signal of the timer is pending
  bool same_no = false;  ///< some signal of that number is
};

Pending pending_for(const Timer& t, const Task& task, const signals::Model& model) {
  Pending out;
  auto look = [&](const std::vector<SigInfo>& queue) {
    for (const SigInfo& info : queue) {
      out.same_no |= signals::signal_of(info) == t.signal;
      out.own |= signals::code_of(info) == SI_TIMER && signals::timer_of(info) == t.id;
    }
  };
  if (auto it = model.processes.find(task.pid); it != model.processes.end()) look(it->second.shared);
  for (const Thread& thread : task.threads)
    if (auto it = model.threads.find(thread.tid); it != model.threads.end()) look(it->second.queue);
  return out;
}

}  // namespace

bool is_own_thread_clock(std::int32_t clock) {
  constexpr std::int32_t kThreadZero = -2;  // MAKE_THREAD_CPUCLOCK(0, CPUCLOCK_SCHED)
  return clock == CLOCK_THREAD_CPUTIME_ID || clock == kThreadZero;
}

bool has_past(std::int32_t clock) {
  return clock >= 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID;
}

Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena) {
  const auto& processes = ctx.models().get<Model>().processes;
  auto it = processes.find(ctx.task.pid);
  if (it == processes.end()) return {};
  const auto& pending = ctx.models().get<signals::Model>();
  for (std::size_t i = 0; i < 3; ++i) {
    const Itimer& from = it->second.itimers[i];
    // An interval but no time left: it has fired, and its pending signal would have started it again. Here it does so
    // at once; the signal is one with the one that is pending.
    out.itimers[i] = {from.interval_us, from.value_us == 0 && from.interval_us != 0 ? 1 : from.value_us};
  }
  std::vector<RestoreTimer> timers;
  for (const Timer& t : it->second.posix) {
    RestoreTimer& wire = timers.emplace_back(to_wire(ctx, t));
    const Pending signal = pending_for(t, ctx.task, pending);
    if (signal.own) {
      wire.expired = t.interval_ns == 0;
      wire.steps_back = t.interval_ns != 0 ? t.missed + 1 : 0;
    } else if (t.overrun != 0 && t.interval_ns != 0 && t.value_ns != 0 && t.notify == kNotifySignal &&
               has_past(t.clock) && !signal.same_no) {
      wire.steps_back = t.overrun + 1;
      wire.take_signal = 1;
    }
  }
  out.timers = arena.add(timers);
  if (auto queue = pending.processes.find(ctx.task.pid); queue != pending.processes.end())
    out.orphans = arena.add(orphans_in(queue->second.shared, it->second));
  return {};
}

Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena) {
  const auto& processes = ctx.models().get<Model>().processes;
  auto it = processes.find(ctx.task.pid);
  const auto& threads = ctx.models().get<signals::Model>().threads;
  auto queue = threads.find(ctx.task.threads[thread].tid);
  if (queue == threads.end()) return {};
  out.orphans = arena.add(orphans_in(queue->second.queue, it == processes.end() ? ProcessTimers{} : it->second));
  return {};
}

}  // namespace cr::timers
