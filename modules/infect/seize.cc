#include "infect/seize.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "arch/continued.h"
#include "base/format.h"
#include "infect/exec_watchdog.h"
#include "infect/proc_thread.h"
#include "infect/sleep_clock.h"
#include "infect/thread_state.h"
#include "infect/time_left.h"

namespace cr::infect {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReapTimeout{60000};
constexpr useconds_t kReapPause_us = 50;

std::string name_of(HostPid pid) { return format("pid {} ({})", pid, comm_of(pid)); }

Error did_not_stop(HostPid pid, HostPid tid) {
  const auto status = read_status(pid, tid);
  const std::string wchan = wchan_of(pid, tid);
  const bool vfork = wchan.find("clone") != wchan.npos || wchan.find("vfork") != wchan.npos;
  return {"infect", "stop", format("thread {} of {}", tid, name_of(pid)), ETIMEDOUT,
          format("it is in state {} in {}{}", status ? status->state : '?', wchan.empty() ? "the kernel" : wchan,
                 vfork ? " and waits for its vfork() child to exec or exit" : "")};
}

/// Takes note of a thread's death, so that its real parent or group leader can go on.
void reap_dead(HostPid tid, Deadline deadline) {
  for (;;) {
    auto stop = wait_stop(tid, deadline);
    if (!stop.ok() || stop.value().kind == Stop::kDead) return;
  }
}

bool has_live_thread(HostPid pid) {
  auto tids = list_threads(pid);
  if (!tids.ok()) return false;
  return std::any_of(tids.value().begin(), tids.value().end(), [&](HostPid tid) {
    const auto status = read_status(pid, tid);
    return status && status->state != 'Z' && status->state != 'X';
  });
}

/// A worker of io_uring, which the kernel makes and ends as it likes: no thread of the program's.
bool is_io_worker(HostPid pid, HostPid tid) {
  constexpr std::uint64_t kPfIoWorker = 0x10;
  char buffer[1024];
  const auto stat = read_small(format("/proc/{}/task/{}/stat", pid, tid), buffer);
  return stat && (parse_stat(*stat).flags & kPfIoWorker) != 0;
}

}  // namespace

SeizedTask::SeizedTask(SeizedTask&& o) noexcept
    : pid_(o.pid_),
      owner_(o.owner_),
      threads_(std::move(o.threads_)),
      mem_(std::move(o.mem_)),
      stop_signal_(o.stop_signal_),
      leader_dead_(o.leader_dead_),
      held_(std::exchange(o.held_, false)) {}

SeizedTask& SeizedTask::operator=(SeizedTask&& o) noexcept {
  if (this == &o) return *this;
  let_go();
  pid_ = o.pid_;
  owner_ = o.owner_;
  threads_ = std::move(o.threads_);
  mem_ = std::move(o.mem_);
  stop_signal_ = o.stop_signal_;
  leader_dead_ = o.leader_dead_;
  held_ = std::exchange(o.held_, false);
  return *this;
}

SeizedTask::~SeizedTask() { let_go(); }

void SeizedTask::let_go() noexcept {
  if (held_ && getpid() == owner_) (void)detach(DetachState::kRunning);
  held_ = false;
}

Result<SeizedTask> SeizedTask::seize(HostPid pid, const SeizeOptions& options) {
  if (pid.value == getpid())
    return Error{"infect", "freeze", name_of(pid), EINVAL, "this is the engine itself; run it outside of the tree"};
  SeizedTask task{pid, getpid()};
  task.held_ = true;
  SleepClock own_clock;
  SleepClock& clock = options.clock ? *options.clock : own_clock;
  const Deadline deadline = deadline_in(options.timeout);
  for (;;) {
    // A thread that still runs may make another one: look again until a look finds nothing new.
    while (TRY(task.attach_new(clock, deadline))) {
      if (std::chrono::steady_clock::now() > deadline)
        return Error{"infect", "freeze", name_of(pid), ETIMEDOUT, "it makes threads faster than they can be stopped"};
    }
    if (task.threads_.empty()) {
      // Gone, or in the moment of exec in which the old leader is dead and the new one not yet in its place.
      if (std::chrono::steady_clock::now() > deadline || !has_live_thread(pid))
        return Error{"infect", "freeze", format("pid {}", pid), ESRCH, "it ended meanwhile"};
      continue;
    }
    // By way of a live thread: a dead leader has no memory any more.
    task.mem_.reset(::open(format("/proc/{}/mem", task.threads_.front().tid).c_str(), O_RDWR | O_CLOEXEC));
    if (!task.mem_) return Error{"infect", "open the memory of", name_of(pid), errno, ""};
    if (TRY(task.capture_all())) return task;
  }
}

/// One look at /proc/PID/task: attaches to and stops whatever is new there, forgets what is gone. True when there was
/// something new.
Result<bool> SeizedTask::attach_new(SleepClock& clock, Deadline deadline) {
  std::vector<HostPid> tids = TRY(list_threads(pid_));
  if (leader_dead_) {  // it only looked dead when another thread was about to take its place in exec
    const auto status = read_status(pid_, pid_);
    leader_dead_ = status && status->state == 'Z';
  }
  const auto listed = [&](const SeizedThread& t) { return std::binary_search(tids.begin(), tids.end(), t.tid); };
  for (const SeizedThread& t : threads_)  // killed by another thread's exec
    if (!listed(t)) reap_dead(t.tid, deadline_in(milliseconds(0)));
  std::erase_if(threads_, [&](const SeizedThread& t) { return !listed(t); });
  const std::size_t before = threads_.size();
  std::optional<ExecWatchdog> watchdog;
  if (tids.size() > 1) watchdog.emplace(tids);
  for (HostPid tid : tids) {
    if (std::any_of(threads_.begin(), threads_.end(), [&](const SeizedThread& t) { return t.tid == tid; })) continue;
    if (leader_dead_ && tid == pid_) continue;
    if (tid != pid_ && is_io_worker(pid_, tid)) continue;
    if (!TRY(attach(tid, tids.size() == 1))) continue;
    SeizedThread& t = threads_.emplace_back();
    t.tid = tid;
    t.restart = sample_sleep(pid_, tid, clock);
    (void)ptrace_request(PTRACE_INTERRUPT, tid, 0, nullptr);
  }
  const bool found = threads_.size() != before;
  watchdog.reset();
  TRY(stop_all(before, deadline));
  std::stable_partition(threads_.begin(), threads_.end(), [&](const SeizedThread& t) { return t.tid == pid_; });
  return found;
}

/// False: the thread is gone or about to be.
Result<bool> SeizedTask::attach(HostPid tid, bool alone) {
  constexpr int kTries = 5;  // during exec a leader is dead at one moment and another thread the next
  for (int i = 0;; ++i) {
    const SysResult r = ptrace_request(PTRACE_SEIZE, tid, 0, std::uint64_t{PTRACE_O_TRACESYSGOOD});
    if (r.ok()) return true;
    if (r.err() == ESRCH) return false;
    const auto status = read_status(pid_, tid);
    if (!status) return false;
    // A thread that called exec has taken over the leader's id; it is ours already.
    if (r.err() == EPERM && status->tracer == gettid()) return true;
    if (status->state == 'Z' || status->state == 'X') {
      if (tid != pid_) return false;
      if (alone) return Error{"infect", "freeze", name_of(pid_), ESRCH, "it is a zombie"};
      leader_dead_ = true;
      return false;
    }
    if (i + 1 < kTries && status->tracer == 0) continue;
    Error error = why_not(tid, *status);
    error.err = r.err();
    return error;
  }
}

Error SeizedTask::why_not(HostPid tid, const ThreadStatus& status) const {
  constexpr std::uint64_t kPfKthread = 0x00200000;
  std::string remedy = "CAP_SYS_PTRACE over it is needed";
  char buffer[1024];
  const auto stat = read_small(format("/proc/{}/task/{}/stat", pid_, tid), buffer);
  if (status.tracer != 0)
    remedy = format("it is traced by pid {} ({}); end that first", status.tracer, comm_of(HostPid{status.tracer}));
  else if (status.kernel_thread || (stat && parse_stat(*stat).flags & kPfKthread))
    remedy = "it is a kernel thread";
  return {"infect", "freeze", format("thread {} of {}", tid, name_of(pid_)), EPERM, remedy};
}

/// Waits for the stops of threads_[from…]. After an error only stopped threads are left in the list.
Result<> SeizedTask::stop_all(std::size_t from, Deadline deadline) {
  std::vector<HostPid> tids;
  for (const SeizedThread& t : threads_) tids.push_back(t.tid);
  std::optional<Error> failure;
  for (std::size_t i = from; i < threads_.size();) {
    const HostPid tid = threads_[i].tid;
    auto stop = wait_event_stop(tid, std::min(deadline, deadline_in(milliseconds(5))));
    bool gone = stop.ok() && stop.value().kind == Stop::kDead;
    if (!stop.ok()) {
      reap_exited(tids);  // this thread may be in exec, waiting for the others to be reaped
      const auto status = read_status(pid_, tid);
      const bool dead = status && (status->state == 'Z' || status->state == 'X');
      if (dead && tid == pid_) leader_dead_ = true;
      gone = !status || dead || status->tracer != gettid();
      // After exec another thread may have this id now, one that nobody has interrupted yet.
      (void)ptrace_request(PTRACE_INTERRUPT, tid, 0, nullptr);
      if (!gone && std::chrono::steady_clock::now() <= deadline) continue;
      if (!gone && !failure) failure = did_not_stop(pid_, tid);
      gone = true;
    }
    if (gone) {
      threads_.erase(threads_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    if (is_group_stop(stop.value())) stop_signal_ = stop.value().signal;
    ++i;
  }
  if (failure) return std::move(*failure);
  return {};
}

/// False when a thread turned out not to be stopped any more; it has been forgotten and may be found anew.
Result<bool> SeizedTask::capture_all() {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (!TRY(capture(threads_[i], mem_.get()))) {
      threads_.erase(threads_.begin() + static_cast<std::ptrdiff_t>(i));
      return false;
    }
    // After SIGSTOP and SIGCONT these calls show EINTR without our doing: leave that as it is.
    if (stop_signal_ == 0) hide_eintr(threads_[i], pid_);
  }
  return true;
}

Result<> SeizedTask::detach(DetachState state) {
  if (!held_ || getpid() != owner_) return {};
  held_ = false;
  Result<> result;
  if (state == DetachState::kStopped && stop_signal_ == 0 && ::kill(pid_.value, SIGSTOP) != 0 && errno != ESRCH)
    result = Error{"infect", "stop", name_of(pid_), errno, ""};
  for (SeizedThread& t : threads_) {
    const auto left = state == DetachState::kRunning && stop_signal_ == 0 && settle_eintr(t, pid_)
                          ? time_left(pid_, t, mem_.get())
                          : std::nullopt;
    if (left) {
      detach_with_time(pid_, t.tid, t.restart.nr, t.regs, *left);
      continue;
    }
    if (const arch::Regs on = arch::continued(t.regs); !(on == t.regs)) (void)set_regs(t.tid, on);
    if (ptrace_request(PTRACE_DETACH, t.tid, 0, nullptr).ok()) continue;
    const auto status = read_status(pid_, t.tid);
    if (status && status->tracer == gettid()) reap_dead(t.tid, deadline_in(milliseconds(1000)));
  }
  return result;
}

Result<> SeizedTask::send_kill() {
  if (!held_ || getpid() != owner_) return {};
  if (::kill(pid_.value, SIGKILL) != 0 && errno != ESRCH) return Error{"infect", "kill", name_of(pid_), errno, ""};
  return {};
}

Result<> SeizedTask::reap() {
  if (!held_ || getpid() != owner_) return {};
  held_ = false;
  const Deadline deadline = deadline_in(kReapTimeout);
  // The leader waits for the others. In the init of a pid namespace one more does, whichever comes last to its end:
  // it is reported only when nobody else is left there. So no order would do.
  std::vector<HostPid> left;
  for (auto t = threads_.rbegin(); t != threads_.rend(); ++t) left.push_back(t->tid);
  for (;;) {
    std::erase_if(left, [](HostPid tid) {
      Stop stop{};
      return poll_stop(tid, stop) && stop.kind == Stop::kDead;
    });
    if (left.empty()) return {};
    if (std::chrono::steady_clock::now() > deadline)
      return Error{"infect", "reap", format("thread {}", left.front()), ETIMEDOUT, ""};
    usleep(kReapPause_us);
  }
}

}  // namespace cr::infect
