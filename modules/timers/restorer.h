// Steps of the restorer that put back timers. Freestanding; runs in the restored process, every signal blocked.
//
// Order, per process:
//   restore_thread    in each thread, after signals::restore_process
//   restore_process   once, by the main thread, when all threads exist (timers name them), after the signals' steps
//                     (a disposition that ignores a signal empties the queues) and as late as can be: time runs from
//                     here. Before RLIMIT_SIGPENDING is put back.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "timers/wire.h"

namespace cr::timers {

inline constexpr int kPrTimerCreateRestoreIds = 77;  // 6.15
inline constexpr std::uint64_t kSecond = 1000000000;
inline constexpr int kTimerAbstime = 1, kSiTimer = -2;

/// struct sigevent, whose size is 64 everywhere.
struct KernelSigevent {
  std::uint64_t value;
  std::int32_t signo, notify, tid, pad[11];
};
static_assert(sizeof(KernelSigevent) == 64);

/// struct itimerspec / itimerval.
struct KernelTimerValue {
  std::uint64_t interval[2], value[2];
};

/// Makes the timer with its id. Where the kernel can't be told, ids count up: the ones in between are made and
/// deleted, which leaves holes as they were.
inline SysResult create_timer(const RestoreTimer& t, bool exact) {
  KernelSigevent event{t.sigval, t.signal, t.notify, t.target, {}};
  for (;;) {
    std::int32_t id = t.id;
    TRY(sys::call(__NR_timer_create, t.clock, &event, &id));
    if (id == t.id) return 0;
    TRY(sys::call(__NR_timer_delete, id));
    if (exact || id > t.id) return -17;  // EEXIST: the id is behind the counter
  }
}

/// Waits for the signal of timer `t`, which has just been armed for an expiry in the past, and drops it; the kernel
/// then keeps its overrun count. What others sent meanwhile is queued again.
inline SysResult take_signal(const RestoreTimer& t) {
  const std::uint64_t set = 1ull << (t.signal - 1);
  const std::uint64_t patience[2] = {0, 100000000};
  for (int tries = 0; tries < 8; ++tries) {
    signals::KernelSiginfo info{};
    const SysResult got = sys::call(__NR_rt_sigtimedwait, &set, &info, patience, 8);
    if (!got.ok()) return 0;  // EAGAIN: a count that isn't brought back harms nobody
    if (info.code == kSiTimer && static_cast<std::int32_t>(info.rest[0]) == t.id) return 0;
    TRY(sys::call(__NR_rt_sigqueueinfo, sys::call(__NR_getpid).raw(), info.signo, &info));
  }
  return 0;
}

inline SysResult arm_timer(const RestoreTimer& t) {
  std::uint64_t value = t.value_ns;
  if (value == 0 && !t.expired) return 0;
  int flags = 0;
  if (t.steps_back != 0 || t.expired) {
    std::uint64_t now[2] = {};
    TRY(sys::call(__NR_clock_gettime, t.clock, now));
    const std::uint64_t next = now[0] * kSecond + now[1] + value, back = t.steps_back * t.interval_ns;
    value = t.expired || next <= back ? 1 : next - back;
    flags = kTimerAbstime;
  }
  const KernelTimerValue spec{{t.interval_ns / kSecond, t.interval_ns % kSecond}, {value / kSecond, value % kSecond}};
  TRY(sys::call(__NR_timer_settime, t.id, flags, &spec, nullptr));
  return t.take_signal ? take_signal(t) : SysResult(0);
}

/// The kernel adds a tick to what is set of a CPU clock (set_cpu_itimer): takes it off again.
inline SysResult set_itimer(int which, const KernelTimerValue& wanted) {
  constexpr std::uint64_t kMicro = 1000000, kLongestTick = 10000;
  TRY(sys::call(__NR_setitimer, which, &wanted, nullptr));
  if (which == 0 /* ITIMER_REAL */) return 0;
  KernelTimerValue now{};
  TRY(sys::call(__NR_getitimer, which, &now));
  const std::uint64_t want = wanted.value[0] * kMicro + wanted.value[1], got = now.value[0] * kMicro + now.value[1];
  if (got <= want || got - want > kLongestTick || want <= got - want) return 0;
  const std::uint64_t less = want - (got - want);
  const KernelTimerValue corrected{{wanted.interval[0], wanted.interval[1]}, {less / kMicro, less % kMicro}};
  return sys::call(__NR_setitimer, which, &corrected, nullptr);
}

inline SysResult restore_itimers(const RestoreProcess& p) {
  constexpr std::uint64_t kMicro = 1000000;
  for (int which = 0; which < 3; ++which) {
    const auto& t = p.itimers[which];
    if (t.interval_us == 0 && t.value_us == 0) continue;
    const KernelTimerValue value{{t.interval_us / kMicro, t.interval_us % kMicro},
                                 {t.value_us / kMicro, t.value_us % kMicro}};
    TRY(set_itimer(which, value));
  }
  return 0;
}

inline SysResult create_timers(std::span<const RestoreTimer> timers) {
  if (timers.empty()) return 0;
  const bool exact = sys::call(__NR_prctl, kPrTimerCreateRestoreIds, 1, 0, 0, 0).ok();
  for (const RestoreTimer& t : timers) TRY(create_timer(t, exact));
  return exact ? sys::call(__NR_prctl, kPrTimerCreateRestoreIds, 0, 0, 0, 0) : SysResult(0);
}

inline SysResult restore_process(const BlobCtx& ctx, const RestoreProcess& p) {
  const std::span<const RestoreTimer> timers = p.timers.in(ctx.arena);
  TRY(create_timers(timers));
  const long pid = sys::call(__NR_getpid).raw();
  for (const signals::KernelSiginfo& info : p.orphans.in(ctx.arena))
    TRY(sys::call(__NR_rt_sigqueueinfo, pid, info.signo, &info));
  for (const RestoreTimer& t : timers) TRY(arm_timer(t));
  return restore_itimers(p);
}

inline SysResult restore_thread(const BlobCtx& ctx, const RestoreThread& t) {
  const long pid = sys::call(__NR_getpid).raw(), tid = sys::call(__NR_gettid).raw();
  for (const signals::KernelSiginfo& info : t.orphans.in(ctx.arena))
    TRY(sys::call(__NR_rt_tgsigqueueinfo, pid, tid, info.signo, &info));
  return 0;
}

}  // namespace cr::timers
