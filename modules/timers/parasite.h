// Reads a task's interval and POSIX timers. Blob code: freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
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
