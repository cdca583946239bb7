// Freezing one process: a guard over all of its threads, held in ptrace stops by PTRACE_SEIZE + PTRACE_INTERRUPT.
//
// Seizing changes nothing that the process can see. Signals that come in between are delivered, group stops go on
// after the guard is gone, and a thread in a system call that the kernel restarts by itself is left to the kernel.
// Calls that a ptrace stop makes return EINTR (epoll_wait and friends, restart_table.h) are rewound at once, so even
// an engine that dies leaves no trace.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "arch/host.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "infect/tracee.h"

namespace cr::infect {

/// struct ptrace_rseq_configuration (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13); pointer 0: not registered.
struct RseqConfig {
  std::uint64_t pointer = 0;
  std::uint32_t size = 0;
  std::uint32_t signature = 0;
  std::uint32_t flags = 0;
  std::uint32_t pad = 0;
};

/// struct ptrace_sud_config (PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, Linux 6.4); mode 0: off.
struct SyscallDispatch {
  std::uint64_t mode = 0, selector = 0, offset = 0, length = 0;
};

/// The system call a thread was stopped in.
struct RestartInfo {
  arch::RestartKind kind = arch::RestartKind::kNone;
  /// Number of the call; for restart_syscall the one that it continues when /proc/PID/task/TID/wchan tells, -1 when
  /// the thread was in no call.
  long nr = -1;
  std::uint64_t first_argument = 0;  ///< of the call, as it was while the thread slept
  bool has_timeout = false;          ///< a relative one, finite
  /// How long the thread had been asleep when it was interrupted, in ns. Sampled only for calls with a relative
  /// timeout that the kernel keeps to itself (nanosleep, poll, futex …); absent when the kernel does not tell
  /// (/proc/PID/task/TID/sched without se.exec_start). Error below 100 us on an otherwise idle machine.
  std::optional<std::uint64_t> blocked_for_ns;
  /// How often the thread had gone to sleep by then; 0 when it waits for no socket.
  std::uint64_t sleeps = 0;
  /// The call went on by restart_syscall: an earlier stop has cut it in two, blocked_for_ns is the second part only.
  bool continued = false;
  /// kEintr only: the registers that would have shown EINTR to the program; SeizedThread::regs repeat the call.
  std::optional<arch::Regs> as_interrupted;
};

/// One thread in a ptrace stop, with everything that ptrace tells about it.
struct SeizedThread {
  HostPid tid;
  arch::Regs regs;            ///< as the kernel keeps them at the stop; ip already at abort_ip inside an rseq section
  arch::Xstate xstate;        ///< extended registers as ptrace has them
  std::uint64_t sigmask = 0;  ///< PTRACE_GETSIGMASK: the mask the program set, not a temporary one of sigsuspend
  RseqConfig rseq;
  SyscallDispatch dispatch;
  bool dispatch_shown = false;  ///< the kernel tells about the above
  RestartInfo restart;
  bool shadow_stack = false;  ///< user shadow stack enabled (CET); such a thread cannot be injected
};

/// What becomes of the process when the guard lets go.
enum class DetachState { kRunning, kStopped };

class SleepClock;

struct SeizeOptions {
  /// How long to wait for a thread that cannot stop at once (uninterruptible sleep, vfork).
  std::chrono::milliseconds timeout{10000};
  /// Shared by the processes of a tree, so that clocks are related once; may be null.
  SleepClock* clock = nullptr;
};

/// Guard over one frozen process. All ptrace operations are bound to the thread that called seize(); in any other
/// process than the one that made it (a fork), the guard does nothing.
class SeizedTask {
 public:
  /// Freezes all threads of process `pid`. Errors, each by name: no such process (ESRCH), a zombie, a kernel thread,
  /// traced by somebody else (tracer's pid and comm), 32-bit, ourselves, a thread that would not stop in time.
  /// A thread that would not stop (uninterruptible sleep, vfork) cannot be let go of before it does: it stays traced
  /// until this thread of the engine ends. Kernel: PTRACE_SEIZE, PTRACE_INTERRUPT, wait4(__WALL), /proc/PID/task.
  static Result<SeizedTask> seize(HostPid pid, const SeizeOptions& options = {});

  /// A guard over nothing, for a place in a table (a zombie).
  static SeizedTask none() { return SeizedTask(HostPid{0}, 0); }

  SeizedTask(SeizedTask&& other) noexcept;
  SeizedTask& operator=(SeizedTask&& other) noexcept;
  /// Detaches every thread (thaw) unless detach() or kill() came before.
  ~SeizedTask();

  HostPid pid() const { return pid_; }
  /// Live threads, the leader first when it is alive. References stay valid as long as the guard.
  std::vector<SeizedThread>& threads() { return threads_; }
  const std::vector<SeizedThread>& threads() const { return threads_; }
  /// The main thread has called pthread_exit(): it is a zombie that lives on for the others' sake.
  bool leader_dead() const { return leader_dead_; }
  /// Signal of the group stop that the process was in (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU), 0 when it ran.
  int stop_signal() const { return stop_signal_; }
  /// /proc/PID/mem, open for reading and writing; valid across detach, EIO after the process is gone.
  int mem_fd() const { return mem_.get(); }

  /// Lets all threads go. kStopped leaves the process in a SIGSTOP group stop. Never fails for a thread that died.
  Result<> detach(DetachState state = DetachState::kRunning);
  /// SIGKILLs the process; reap() must follow. Two steps, so that a tree with a pid namespace's init can be killed
  /// as a whole before any of it is waited for.
  Result<> send_kill();
  /// Waits for all threads after send_kill(), so that nothing of the ptrace relation is left and the real parent
  /// can reap. When the engine is the parent this is that reaping.
  Result<> reap();
  Result<> kill() {
    auto sent = send_kill();
    return sent.ok() ? reap() : std::move(sent);
  }

 private:
  SeizedTask(HostPid pid, pid_t owner) : pid_(pid), owner_(owner) {}
  void let_go() noexcept;
  Result<bool> attach_new(SleepClock& clock, Deadline deadline);
  Result<bool> attach(HostPid tid, bool alone);
  Result<> stop_all(std::size_t from, Deadline deadline);
  Result<bool> capture_all();
  Error why_not(HostPid tid, const struct ThreadStatus& status) const;

  HostPid pid_;
  pid_t owner_;  ///< the process that made the guard
  std::vector<SeizedThread> threads_;
  UniqueFd mem_;
  int stop_signal_ = 0;
  bool leader_dead_ = false;
  bool held_ = false;
};

}  // namespace cr::infect
