// A way out of a deadlock in the kernel: a thread in exec holds the process's cred_guard_mutex while it waits for its
// sibling threads to be reaped, which is the tracer's job; the tracer meanwhile waits for that mutex in
// PTRACE_SEIZE of the next thread (fs/exec.c de_thread() against kernel/ptrace.c ptrace_attach()). The wait in SEIZE
// is interruptible, so a timer's signal handler reaps, and SEIZE goes on.
#pragma once

#include <time.h>

#include <span>

#include "base/ids.h"

namespace cr::infect {

/// Reaps those of `tids` that are dead and traced by the calling thread; stops of living ones are not touched.
/// Async-signal-safe. Kernel: waitid(2).
void reap_exited(std::span<const HostPid> tids);

/// While it lives, dead threads among `tids` are reaped every few milliseconds even if the calling thread is stuck in
/// a system call. Uses signal SIGRTMAX-3 of the engine, whose handler stays installed.
class ExecWatchdog {
 public:
  explicit ExecWatchdog(std::span<const HostPid> tids);
  ExecWatchdog(const ExecWatchdog&) = delete;
  ExecWatchdog& operator=(const ExecWatchdog&) = delete;
  ~ExecWatchdog();

 private:
  std::span<const HostPid> tids_;
  timer_t timer_{};
  bool armed_ = false;
};

}  // namespace cr::infect
