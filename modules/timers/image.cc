#include <algorithm>

#include "base/format.h"
#include "task/core.pb.h"
#include "timers/timers.h"

namespace cr::timers {
namespace {

constexpr std::uint64_t kMicro = 1000000, kNano = 1000000000;

void write_itimer(const Itimer& from, pb::itimer_entry& out) {
  out.set_isec(from.interval_us / kMicro);
  out.set_iusec(from.interval_us % kMicro);
  out.set_vsec(from.value_us / kMicro);
  out.set_vusec(from.value_us % kMicro);
}

Itimer read_itimer(const pb::itimer_entry& in) {
  return {in.isec() * kMicro + in.iusec(), in.vsec() * kMicro + in.vusec()};
}

void write_timer(const Timer& t, NsPid leader, pb::posix_timer_entry& out) {
  out.set_it_id(static_cast<std::uint32_t>(t.id));
  out.set_clock_id(static_cast<std::uint32_t>(t.clock));
  out.set_si_signo(static_cast<std::uint32_t>(t.signal));
  out.set_it_sigev_notify(static_cast<std::uint32_t>(t.notify));
  out.set_sival_ptr(t.sigval);
  out.set_overrun(t.overrun);
  if (t.missed != 0) out.set_missed(t.missed);
  out.set_isec(t.interval_ns / kNano);
  out.set_insec(t.interval_ns % kNano);
  out.set_vsec(t.value_ns / kNano);
  out.set_vnsec(t.value_ns % kNano);
  if (t.notify & kNotifyThreadId) out.set_notify_thread_id(t.target.value);
  if (t.cpu_owner.value != 0 && t.cpu_owner != leader) out.set_cpu_thread_id(t.cpu_owner.value);
}

Result<Timer> read_timer(const pb::posix_timer_entry& in, const Task& task) {
  Timer t;
  t.id = static_cast<std::int32_t>(in.it_id());
  t.clock = static_cast<std::int32_t>(in.clock_id());
  t.signal = static_cast<std::int32_t>(in.si_signo());
  t.notify = static_cast<std::int32_t>(in.it_sigev_notify());
  t.sigval = in.sival_ptr();
  t.overrun = in.overrun();
  t.missed = in.missed();
  t.interval_ns = in.isec() * kNano + in.insec();
  t.value_ns = in.vsec() * kNano + in.vnsec();
  t.target = NsPid{in.notify_thread_id()};
  t.cpu_owner = NsPid{in.cpu_thread_id()};
  const std::string object = format("timer {} of pid {}", t.id, task.pid);
  if (t.id < 0 || in.insec() >= kNano || in.vnsec() >= kNano)
    return Error{"timers", "read", object, 0, "the image is damaged"};
  for (const NsPid tid : {t.target, t.cpu_owner}) {
    bool found = tid.value == 0;
    for (const Thread& thread : task.threads) found |= thread.tid == tid;
    if (!found) return Error{"timers", "find the thread of", object, 0, format("there is no thread {}", tid)};
  }
  return t;
}

}  // namespace

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive() || thread != 0) return {};
  const ProcessTimers& from = ctx.models.get<Model>().processes.at(task.pid);
  pb::task_timers_entry& out = *core.mutable_tc()->mutable_timers();
  write_itimer(from.itimers[0], *out.mutable_real());
  write_itimer(from.itimers[1], *out.mutable_virt());
  write_itimer(from.itimers[2], *out.mutable_prof());
  for (const Timer& t : from.posix) write_timer(t, task.pid, *out.add_posix());
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive() || thread != 0 || !core.tc().has_timers()) return {};
  ProcessTimers& out = ctx.models.edit<Model>().processes[task.pid];
  const pb::task_timers_entry& in = core.tc().timers();
  out.itimers = {read_itimer(in.real()), read_itimer(in.virt()), read_itimer(in.prof())};
  for (const auto& entry : in.posix()) out.posix.push_back(TRY(read_timer(entry, task)));
  std::sort(out.posix.begin(), out.posix.end(), [](const Timer& a, const Timer& b) { return a.id < b.id; });
  for (std::size_t i = 1; i < out.posix.size(); ++i)
    if (out.posix[i].id == out.posix[i - 1].id)
      return Error{"timers", "read", format("timer {} of pid {}", out.posix[i].id, task.pid), 0, "it is there twice"};
  return {};
}

}  // namespace cr::timers
