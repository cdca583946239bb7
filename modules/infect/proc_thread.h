// Small reads from /proc about one thread, as seizing needs them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr::infect {

/// Contents of a small file in one read; the view is into `buffer`. Empty on any error.
std::optional<std::string_view> read_small(const std::string& path, std::span<char> buffer);

struct ThreadStat {
  char state = 0;           ///< field 3: R S D T t Z X I
  std::uint64_t flags = 0;  ///< field 9, PF_*
  int cpu = 0;              ///< field 39
};
/// Fields of /proc/PID/task/TID/stat; state 0 when the text is not one.
ThreadStat parse_stat(std::string_view text);

/// Lines of /proc/PID/task/TID/status that seizing asks for.
struct ThreadStatus {
  char state = 0;
  int tracer = 0;
  bool kernel_thread = false;  ///< "Kthread: 1" (6.8), else unknown
  std::uint64_t pending = 0, shared_pending = 0, blocked = 0, caught = 0;
  int seccomp = 0;
  std::uint64_t sleeps = 0;  ///< voluntary_ctxt_switches
};
ThreadStatus parse_status(std::string_view text);
std::optional<ThreadStatus> read_status(HostPid pid, HostPid tid);

/// Thread ids in /proc/PID/task, lowest first. ESRCH when the process is gone.
Result<std::vector<HostPid>> list_threads(HostPid pid);

/// Number of the system call that a sleeping thread is in (/proc/PID/task/TID/syscall): -1 when it is running or in
/// none; arguments in `args`.
long sleeping_in(HostPid pid, HostPid tid, std::span<std::uint64_t, 6> args);

/// /proc/PID/comm and /proc/PID/task/TID/wchan, for messages and for restart_syscall; empty when unreadable.
std::string comm_of(HostPid pid);
std::string wchan_of(HostPid pid, HostPid tid);

}  // namespace cr::infect
