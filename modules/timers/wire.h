// Timers that only a task itself can read, as they cross into blobs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"

namespace cr::timers {

/// ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF in this order, microseconds; value 0: not armed.
struct ItimersQuery {
  static constexpr char kName[] = "timers.itimers";
  static constexpr std::uint32_t kCommand = command_id(kName);
  struct {
    std::uint64_t interval_us, value_us;
  } timer[3];
};
static_assert(sizeof(ItimersQuery) == 48);

/// One POSIX timer: `id` in, the rest out.
struct PosixTimer {
  std::int32_t id;
  std::int32_t error;    ///< 0 or -errno of timer_gettime(2) / timer_getoverrun(2)
  std::int64_t overrun;  ///< timer_getoverrun(2): since the last delivered signal
  std::uint64_t interval_ns;
  std::uint64_t value_ns;  ///< time left; 0: not armed
};
static_assert(sizeof(PosixTimer) == 32);

/// POSIX timers whose ids came from /proc/PID/timers. Per process.
struct TimersQuery {
  static constexpr char kName[] = "timers.posix";
  static constexpr std::uint32_t kCommand = command_id(kName);
  RelSpan<PosixTimer> timers;
};
static_assert(sizeof(TimersQuery) == 8);

}  // namespace cr::timers
