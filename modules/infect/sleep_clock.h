// How long a sleeping thread has been asleep: the only way to know what is left of a relative timeout when the
// program gave the kernel no place to write it (nanosleep with NULL rmtp, poll, futex).
//
// /proc/PID/task/TID/sched shows se.exec_start, the scheduler's clock when the thread last ran. That clock runs on
// per CPU (interrupt and stolen time may be left out), so it is related to CLOCK_MONOTONIC on the CPU the thread
// slept on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace cr::infect {

/// Value of "se.exec_start" in the text of /proc/PID/sched, in ns.
std::optional<std::uint64_t> parse_exec_start(std::string_view text);

/// Relates scheduler clocks to CLOCK_MONOTONIC. Keep one for a whole tree: relating one costs about 30 us a CPU.
class SleepClock {
 public:
  /// Nanoseconds that thread `tid` of process `pid` has been off the CPU; call before waking it. Absent on kernels
  /// without CONFIG_SCHED_DEBUG. The engine's thread may be moved to the thread's CPU for a moment.
  std::optional<std::uint64_t> asleep_ns(HostPid pid, HostPid tid);

 private:
  std::optional<std::int64_t> offset_of(int cpu);  ///< scheduler clock minus CLOCK_MONOTONIC

  std::map<int, std::optional<std::int64_t>> offset_;
};

}  // namespace cr::infect
