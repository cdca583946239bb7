// Timers that only a task itself can read, as they cross into blobs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"
#include "signals/wire.h"

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

/// How many expirations of a periodic timer were missed while its signal is pending, which only the taking of the
/// signal counts: it is taken, and the timer armed so that it is pending again. By the thread that the signal is for.
struct MissedQuery {
  static constexpr char kName[] = "timers.missed";
  static constexpr std::uint32_t kCommand = command_id(kName);
  std::int32_t id, signal, clock;
  std::int32_t found;  ///< 0: another signal came first, nothing has changed
  std::uint64_t missed;
};
static_assert(sizeof(MissedQuery) == 24);

struct RestoreTimer {
  std::int32_t id, clock;
  std::int32_t signal, notify;
  std::int32_t target;        ///< tid of SIGEV_THREAD_ID
  std::uint32_t steps_back;   ///< armed for an expiry that many intervals before the next one: it expires at once
  std::uint32_t take_signal;  ///< the restorer takes the signal of that expiry, so that only its overrun count stays
  std::uint32_t expired;      ///< not periodic, its signal pending: armed for the beginning of time
  std::uint64_t sigval, interval_ns, value_ns;
};
static_assert(sizeof(RestoreTimer) == 56);

/// Once per process.
struct RestoreProcess {
  struct {
    std::uint64_t interval_us, value_us;
  } itimers[3];
  RelSpan<RestoreTimer> timers;             ///< ascending ids
  RelSpan<signals::KernelSiginfo> orphans;  ///< pending signals of timers that are gone
};
static_assert(sizeof(RestoreProcess) == 64);

/// By each thread.
struct RestoreThread {
  RelSpan<signals::KernelSiginfo> orphans;
};
static_assert(sizeof(RestoreThread) == 8);

}  // namespace cr::timers
