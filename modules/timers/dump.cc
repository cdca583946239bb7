#include <array>
#include <csignal>
#include <ctime>
#include <set>

#include "base/format.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"
#include "signals/signals.h"
#include "timers/timers.h"
#include "timers/wire.h"

namespace cr::timers {
namespace {

constexpr const char* kLossyThreadCpu = "thread-cpu-timer";

/// The number of the thread in the images instead of that in our /proc.
Result<> name_targets(const Task& task, std::vector<Timer>& timers) {
  for (Timer& t : timers) {
    if (!(t.notify & kNotifyThreadId)) continue;
    const HostPid host{t.target.value};
    t.target = {};
    for (const Thread& thread : task.threads)
      if (thread.host == host) t.target = thread.tid;
    if (t.target.value == 0)
      return Error{"timers", "find the thread that is signalled by", format("timer {} of pid {}", t.id, task.host), 0,
                   "the thread is gone; the timer can never signal again: delete it"};
  }
  return {};
}

Result<RelSpan<PosixTimer>> ask_for(infect::ParasiteSession& session, const std::vector<Timer>& timers) {
  const RelSpan<PosixTimer> span = TRY(session.reserve<PosixTimer>(timers.size()));
  auto view = session.view(span);
  for (std::size_t i = 0; i < timers.size(); ++i) view[i] = {timers[i].id, 0, 0, 0, 0};
  return span;
}

/// A timer on the calling thread's CPU clock runs only while that thread does: the one in which two readings differ.
Result<> find_cpu_owners(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session,
                         std::vector<Timer>& timers) {
  for (infect::SeizedThread& seized : ctx.seized[task.index].threads()) {
    TimersQuery before{TRY(ask_for(session, timers))}, after{TRY(ask_for(session, timers))};
    TRY(session.call(seized, before, after));
    for (std::size_t i = 0; i < timers.size(); ++i) {
      if (!is_own_thread_clock(timers[i].clock)) continue;
      if (session.view(before.timers)[i].value_ns == session.view(after.timers)[i].value_ns) continue;
      for (const Thread& thread : task.threads)
        if (thread.host == seized.tid) timers[i].cpu_owner = thread.tid;
    }
    session.reset_arena();
  }
  return {};
}

Result<> settle_cpu_owners(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session,
                           std::vector<Timer>& timers) {
  bool any = false;
  for (const Timer& t : timers) any |= is_own_thread_clock(t.clock);
  if (!any) return {};
  if (task.threads.size() > 1) TRY(find_cpu_owners(ctx, task, session, timers));
  for (Timer& t : timers) {
    if (!is_own_thread_clock(t.clock) || t.cpu_owner.value != 0) continue;
    t.cpu_owner = task.threads.front().tid;
    if (task.threads.size() == 1) continue;
    const std::string object = format("timer {} of pid {}", t.id, task.host);
    if (!ctx.opt.allows_lossy(kLossyThreadCpu))
      return Error{"timers", "tell whose CPU time counts for", object, 0,
                   format("it is not armed; --allow-lossy {} takes the main thread's", kLossyThreadCpu)};
    ctx.losses.push_back(format("{}: {}", kLossyThreadCpu, object));
  }
  return {};
}

/// The thread that has the only pending signal of that number, which is the timer's, or nullptr.
infect::SeizedThread* only_holder(DumpCtx& ctx, const Task& task, const Timer& t) {
  const auto& model = ctx.models.get<signals::Model>();
  auto& threads = ctx.seized[task.index].threads();
  infect::SeizedThread* holder = nullptr;
  int own = 0, all = 0;
  auto look = [&](const std::vector<signals::SigInfo>& queue, infect::SeizedThread& thread) {
    for (const signals::SigInfo& info : queue) {
      if (signals::signal_of(info) != t.signal) continue;
      ++all;
      if (signals::code_of(info) != SI_TIMER || signals::timer_of(info) != t.id) continue;
      ++own;
      holder = &thread;
    }
  };
  look(model.processes.at(task.pid).shared, threads.front());
  for (std::size_t i = 0; i < threads.size(); ++i) look(model.threads.at(task.threads[i].tid).queue, threads[i]);
  return own == 1 && all == 1 ? holder : nullptr;
}

/// Counts what was missed where that changes nothing that the program could see if it runs on.
Result<> count_missed(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, Timer& t) {
  if (t.interval_ns == 0 || t.value_ns == 0 || !has_past(t.clock)) return {};
  if (t.overrun != 0 && ctx.opt.final_state != FinalState::kDefault) return {};
  infect::SeizedThread* thread = only_holder(ctx, task, t);
  if (thread == nullptr) return {};
  MissedQuery query{t.id, t.signal, t.clock, 0, 0};
  TRY(session.call(*thread, query));
  t.missed = static_cast<std::uint32_t>(query.missed);
  return {};
}

/// The timers run on while the process stands still.
Result<> read_timers(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, ProcessTimers& out) {
  infect::SeizedThread& leader = ctx.seized[task.index].threads().front();
  ItimersQuery itimers{};
  TimersQuery posix{};
  if (out.posix.empty()) {
    TRY(session.call(leader, itimers));
  } else {
    posix.timers = TRY(ask_for(session, out.posix));
    TRY(session.call(leader, itimers, posix));
  }
  for (std::size_t i = 0; i < 3; ++i) out.itimers[i] = {itimers.timer[i].interval_us, itimers.timer[i].value_us};
  const auto answers = session.view(posix.timers);
  for (std::size_t i = 0; i < out.posix.size(); ++i) {
    if (answers[i].error != 0)
      return Error{"timers", "read", format("timer {} of pid {}", out.posix[i].id, task.host), -answers[i].error, ""};
    out.posix[i].overrun = static_cast<std::uint32_t>(answers[i].overrun);
    out.posix[i].interval_ns = answers[i].interval_ns;
    out.posix[i].value_ns = answers[i].value_ns;
  }
  session.reset_arena();
  return {};
}

/// The process' signals, in all queues.
struct PendingSignals {
  std::set<std::int32_t> timers{};  ///< ids of POSIX timers
  std::array<bool, 3> itimers{};
};

PendingSignals pending_of(const DumpCtx& ctx, const Task& task) {
  constexpr std::array kItimerSignals{SIGALRM, SIGVTALRM, SIGPROF};
  const auto& model = ctx.models.get<signals::Model>();
  PendingSignals out;
  auto look = [&](const std::vector<signals::SigInfo>& queue) {
    for (const signals::SigInfo& info : queue) {
      if (signals::code_of(info) == SI_TIMER) out.timers.insert(signals::timer_of(info));
      for (std::size_t i = 0; i < 3; ++i)
        out.itimers[i] |= signals::code_of(info) == SI_KERNEL && signals::signal_of(info) == kItimerSignals[i];
    }
  };
  look(model.processes.at(task.pid).shared);
  for (const Thread& thread : task.threads) look(model.threads.at(thread.tid).queue);
  return out;
}

/// Reads timers and signals so that one that ends meanwhile is seen as armed or as pending, never as neither nor as
/// both: one whose signal came between the first reading of the queues (signals::collect) and the second is taken as
/// it is after that, any other as it was before.
Result<> read_consistently(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, ProcessTimers& out) {
  const PendingSignals first = pending_of(ctx, task);
  TRY(read_timers(ctx, task, session, out));
  TRY(signals::read_queues(ctx, task));
  const PendingSignals second = pending_of(ctx, task);
  if (second.timers == first.timers && second.itimers == first.itimers) return {};
  ProcessTimers later = out;
  TRY(read_timers(ctx, task, session, later));
  for (std::size_t i = 0; i < 3; ++i)
    if (second.itimers[i] && !first.itimers[i]) out.itimers[i] = later.itimers[i];
  for (std::size_t i = 0; i < out.posix.size(); ++i)
    if (second.timers.contains(out.posix[i].id) && !first.timers.contains(out.posix[i].id))
      out.posix[i] = later.posix[i];
  return {};
}

}  // namespace

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<Model>();
  for (const Task& task : ctx.tree.tasks) {
    if (!task.alive()) continue;
    const std::string text = TRY(core::read_proc(task.live, "timers"));
    auto& timers = model.processes[task.pid].posix = TRY(parse_timers(text));
    TRY(name_targets(task, timers));
  }
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  ProcessTimers& out = ctx.models.edit<Model>().processes[task.pid];
  TRY(read_consistently(ctx, task, session, out));
  for (Timer& t : out.posix) TRY(count_missed(ctx, task, session, t));
  return settle_cpu_owners(ctx, task, session, out.posix);
}

}  // namespace cr::timers
