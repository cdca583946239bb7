// Reads a task's interval and POSIX timers. Blob code: freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "timers/wire.h"

namespace cr::timers {

struct ItimersQueryCommand {
  using Wire = ItimersQuery;
  static SysResult run(Wire& w, Arena) {
    for (int which = 0; which < 3; ++which) {
      std::uint64_t value[4];  // struct itimerval: interval sec, usec, value sec, usec
      SysResult r = sys::call(__NR_getitimer, which, value);
      if (!r.ok()) return r;
      w.timer[which] = {value[0] * 1000000 + value[1], value[2] * 1000000 + value[3]};
    }
    return 0;
  }
};

/// struct itimerspec.
struct TimerSpec {
  std::uint64_t interval[2], value[2];
  static constexpr std::uint64_t kSecond = 1000000000;
  std::uint64_t interval_ns() const { return interval[0] * kSecond + interval[1]; }
  std::uint64_t value_ns() const { return value[0] * kSecond + value[1]; }
};

struct MissedQueryCommand {
  using Wire = MissedQuery;
  static SysResult run(Wire& w, Arena) {
    constexpr int kSiTimer = -2, kAbstime = 1;
    TimerSpec left{};
    std::uint64_t now[2] = {};
    TRY(sys::call(__NR_clock_gettime, w.clock, now));
    TRY(sys::call(__NR_timer_gettime, w.id, &left));
    signals::KernelSiginfo info{};
    const std::uint64_t set = 1ull << (w.signal - 1), at_once[2] = {};
    if (!sys::call(__NR_rt_sigtimedwait, &set, &info, at_once, 8).ok()) return 0;
    if (info.code != kSiTimer || static_cast<std::int32_t>(info.rest[0]) != w.id)
      return sys::call(__NR_rt_sigqueueinfo, sys::call(__NR_getpid).raw(), info.signo, &info);
    w.found = 1;
    w.missed = info.rest[0] >> 32;  // si_overrun
    const std::uint64_t next = now[0] * TimerSpec::kSecond + now[1] + left.value_ns();
    const std::uint64_t back = (w.missed + 1) * left.interval_ns();
    const std::uint64_t value = next > back ? next - back : 1;
    TimerSpec past = left;
    past.value[0] = value / TimerSpec::kSecond, past.value[1] = value % TimerSpec::kSecond;
    return sys::call(__NR_timer_settime, w.id, kAbstime, &past, nullptr);
  }
};

struct TimersQueryCommand {
  using Wire = TimersQuery;
  static SysResult run(Wire& w, Arena arena) {
    const auto timers = arena.view(w.timers);
    if (timers.size() != w.timers.count) return -22;  // EINVAL: not within the arena
    for (PosixTimer& t : timers) {
      std::uint64_t value[4] = {};  // struct itimerspec
      // The overrun count first: reading the time left of a timer with a pending expiry does not change it.
      const long overrun = sys::call(__NR_timer_getoverrun, t.id).raw();
      const long got = sys::call(__NR_timer_gettime, t.id, value).raw();
      t.error = static_cast<std::int32_t>(overrun < 0 ? overrun : got);
      t.overrun = overrun < 0 ? 0 : overrun;
      t.interval_ns = value[0] * 1000000000 + value[1];
      t.value_ns = value[2] * 1000000000 + value[3];
    }
    return 0;
  }
};

}  // namespace cr::timers
