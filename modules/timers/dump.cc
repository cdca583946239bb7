#include <ctime>

#include "base/format.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"
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
      if (timers[i].clock != CLOCK_THREAD_CPUTIME_ID) continue;
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
  for (const Timer& t : timers) any |= t.clock == CLOCK_THREAD_CPUTIME_ID;
  if (!any) return {};
  if (task.threads.size() > 1) TRY(find_cpu_owners(ctx, task, session, timers));
  for (Timer& t : timers) {
    if (t.clock != CLOCK_THREAD_CPUTIME_ID || t.cpu_owner.value != 0) continue;
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

}  // namespace

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<Model>();
  for (const Task& task : ctx.tree.tasks) {
    if (!task.alive()) continue;
    const std::string text = TRY(core::read_proc(task.host, "timers"));
    auto& timers = model.processes[task.pid].posix = TRY(parse_timers(text));
    TRY(name_targets(task, timers));
  }
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  ProcessTimers& out = ctx.models.edit<Model>().processes[task.pid];
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
  return settle_cpu_owners(ctx, task, session, out.posix);
}

}  // namespace cr::timers
