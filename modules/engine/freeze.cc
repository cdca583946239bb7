#include "engine/freeze.h"

#include <algorithm>
#include <map>

#include "base/format.h"
#include "core/proc_text.h"
#include "infect/sleep_clock.h"
#include "task/tree.h"

namespace cr::engine {
namespace {

class Freezer {
 public:
  explicit Freezer(DumpCtx& ctx) : ctx_(ctx) {}

  Result<> run() {
    TRY(add(ctx_.opt.pid, kNoTask));
    // A stopped process forks no more, but its children may die and leave theirs to a task that was looked at
    // already.
    for (bool found = true; found;) {
      found = false;
      for (TaskIndex i = 0; i < ctx_.tree.tasks.size(); ++i) found |= TRY(add_children(i));
    }
    std::string status = TRY(core::read_proc(ctx_.opt.pid, "status"));
    std::size_t level = core::words(core::field(status, "NSpid").value_or("")).size() - 1;
    for (Task& t : ctx_.tree.tasks) TRY(complete(t, level));
    return {};
  }

 private:
  Result<bool> add_children(TaskIndex parent) {
    bool found = false;
    HostPid pid = ctx_.tree.tasks[parent].host;
    if (!ctx_.tree.tasks[parent].alive()) return false;
    std::vector<HostPid> tids;
    for (const infect::SeizedThread& th : ctx_.seized[parent].threads()) tids.push_back(th.tid);
    for (HostPid tid : tids) {
      std::string text = TRY(core::read_text(format("/proc/{}/task/{}/children", pid, tid)));
      for (std::string_view word : core::words(text)) {
        HostPid child{static_cast<int>(core::number(word).value_or(0))};
        if (known_.contains(child)) continue;
        found |= TRY(add(child, parent));
      }
    }
    return found;
  }

  /// False when the child is gone by now.
  Result<bool> add(HostPid pid, TaskIndex parent) {
    auto stat = core::read_stat(pid);
    if (!stat.ok()) {
      if (parent != kNoTask) return false;
      return Error{"engine", "dump", format("pid {}", pid), ESRCH, "name a process that runs with -t"};
    }
    Task t;
    infect::SeizedTask guard = infect::SeizedTask::none();
    if (stat.value().state() == 'Z' && !has_live_threads(pid)) {
      if (parent == kNoTask)
        return Error{"engine", "dump", format("pid {}", pid), 0, "it is a zombie; there is nothing left to dump"};
      t.state = TaskState::kZombie;
    } else {
      auto seized = infect::SeizedTask::seize(pid, {.timeout = timeout(), .clock = &clock_});
      if (!seized.ok()) {
        // It may have died between the look and the seizing; then it is a zombie now, or gone.
        auto again = core::read_stat(pid);
        bool dead = !again.ok() || again.value().state() == 'Z';
        if (parent == kNoTask || !dead) return seized.take_error();
        if (!again.ok()) return false;
        t.state = TaskState::kZombie;
      } else {
        guard = seized.take();
        t.stop_signal = guard.stop_signal();
        if (t.stop_signal != 0) t.state = TaskState::kStopped;
      }
    }
    t.index = ctx_.tree.tasks.size();
    t.parent = parent;
    t.host = t.live = pid;
    known_[pid] = t.index;
    if (parent != kNoTask) ctx_.tree.tasks[parent].children.push_back(t.index);
    ctx_.tree.tasks.push_back(std::move(t));
    ctx_.seized.push_back(std::move(guard));
    return true;
  }

  static bool has_live_threads(HostPid pid) {
    auto status = core::read_proc(pid, "status");
    if (!status.ok()) return false;
    return core::number(core::field(status.value(), "Threads").value_or("1")).value_or(1) > 1;
  }

  Result<> complete(Task& t, std::size_t level) {
    TRY(task::identify(t, level));
    core::StatFields stat = TRY(core::read_stat(t.host));
    t.exit_signal = static_cast<int>(stat.number(38));
    if (!t.alive()) {
      // Field 52 of /proc/PID/stat: what wait(2) will give.
      t.exit_code = static_cast<std::uint32_t>(stat.number(52));
      return {};
    }
    const infect::SeizedTask& guard = ctx_.seized[t.index];
    if (guard.leader_dead()) TRY(note_dead_leader(t, guard));
    for (const infect::SeizedThread& th : guard.threads())
      t.threads.push_back(TRY(task::identify_thread(t, th.tid, level)));
    return {};
  }

  /// The main thread is a zombie without memory and descriptors, which the others still have.
  static Result<> note_dead_leader(Task& t, const infect::SeizedTask& guard) {
    // The thread's own status: /proc/PID/stat shows the process's, which is that of a group stop.
    std::string text = TRY(core::read_text(format("/proc/{}/task/{}/stat", t.host, t.host)));
    const auto exit_code = static_cast<std::uint32_t>(TRY(core::StatFields::parse(text)).number(52));
    t.leader_exited = true;
    t.leader_exit_code = exit_code;
    t.live = guard.threads().front().tid;
    if ((exit_code & 0x7f) == 0) return {};
    return Error{"engine", "dump", format("pid {}", t.host), 0,
                 format("its main thread was killed by signal {} while others run on, which nothing can repeat",
                        exit_code & 0x7f)};
  }

  std::chrono::milliseconds timeout() const {
    return std::chrono::seconds(ctx_.opt.timeout_s == 0 ? 86400 : ctx_.opt.timeout_s);
  }

  DumpCtx& ctx_;
  std::map<HostPid, TaskIndex> known_{};
  infect::SleepClock clock_{};
};

}  // namespace

Result<> seize_tree(DumpCtx& ctx) { return Freezer(ctx).run(); }

}  // namespace cr::engine
