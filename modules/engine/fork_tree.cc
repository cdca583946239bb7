#include "engine/fork_tree.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/clone_args.h"
#include "base/format.h"
#include "core/proc_text.h"
#include "core/stages.h"
#include "engine/task_main.h"
#include "mm/premap.h"

namespace cr::engine {
namespace {

constexpr int kReapTries = 2000, kReapPause_us = 1000;

/// Whether the one who has the pid is dead already.
bool is_leaving(NsPid pid) {
  auto stat = core::read_stat(HostPid{pid.value});
  return !stat.ok() || stat.value().state() == 'Z' || stat.value().state() == 'X';
}

Error pid_taken(NsPid pid) {
  auto stat = core::read_stat(HostPid{pid.value});
  std::string by = stat.ok() ? format("by {} (parent {})", stat.value().comm(), stat.value().number(4)) : "";
  return Error{"engine", "make", format("pid {}", pid), EEXIST,
               format("that pid is taken {}; wait for its end, or restore in another pid namespace", by)};
}

/// What a process is when it has been forked: in its memory, the RestoreCtx is its own copy.
class Maker {
 public:
  Maker(RestoreCtx& ctx, const BirthPlan& plan) : ctx_(ctx), plan_(plan) {}

  /// Forks birth `i`. In the child this does not return.
  Result<> give_birth(std::size_t i, const mm::Premaps& of_parent, std::uint64_t extra_flags = 0) {
    const Birth& b = plan_.births[i];
    std::uint64_t pid = static_cast<std::uint64_t>(b.pid.value);
    CloneArgs args{};
    args.flags = extra_flags | sharing_flags(b);
    bool is_child = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].parent != kNoTask;
    args.exit_signal = static_cast<std::uint64_t>(is_child ? ctx_.tree.tasks[b.task].exit_signal : SIGCHLD);
    if (pid != 0) {
      args.set_tid = reinterpret_cast<std::uint64_t>(&pid);
      args.set_tid_size = 1;
    }
    long child = syscall(SYS_clone3, &args, sizeof args);
    // What was dumped a moment ago may not have been reaped yet: its pids come free when their new parent gets to it.
    // And a thread that fills memory for another task may have got the number.
    for (int tries = 0;
         child < 0 && errno == EEXIST && tries < kReapTries && (is_leaving(b.pid) || is_own_thread(b.pid)); ++tries) {
      usleep(kReapPause_us);
      child = syscall(SYS_clone3, &args, sizeof args);
    }
    if (child < 0 && errno == EEXIST) return pid_taken(b.pid);
    if (child < 0)
      return Error{"engine", "make", format("pid {}", b.pid), errno,
                   errno == EPERM ? "run as root or with CAP_CHECKPOINT_RESTORE" : ""};
    if (child == 0) live(b, of_parent);
    // Helpers that only stand in for the dead are gone before anybody else is made.
    if (b.kind == Birth::Kind::kOrphanMaker || b.kind == Birth::Kind::kSessionHelper)
      TRY(wait_for_helper(static_cast<pid_t>(child)));
    return {};
  }

 private:
  static Result<> wait_for_helper(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0)
      return Error{"engine", "make", format("helper {}", child), 0, "the error above says more"};
    return {};
  }

  bool is_own_thread(NsPid tid) const {
    auto status = core::read_proc(HostPid{tid.value}, "status");
    if (!status.ok()) return true;
    const auto process = core::number(core::field(status.value(), "Tgid").value_or("0")).value_or(0);
    if (process == static_cast<std::uint64_t>(tid.value)) return false;
    return std::any_of(ctx_.tree.tasks.begin(), ctx_.tree.tasks.end(), [&](const Task& t) {
      return static_cast<std::uint64_t>(ctx_.shared->task[t.index].host_pid) == process;
    });
  }

  /// What the child shares with its parent beside nothing.
  std::uint64_t sharing_flags(const Birth& b) const {
    if (b.kind != Birth::Kind::kTask || !ctx_.tree.tasks[b.task].alive()) return 0;
    const Task& t = ctx_.tree.tasks[b.task];
    if (t.parent == kNoTask) return 0;
    const auto& ids = ctx_.models.get<KobjModel>().of;
    const KobjIds& own = ids.at(t.pid);
    const KobjIds& parents = ids.at(ctx_.tree.tasks[t.parent].pid);
    return (own.files == parents.files ? std::uint64_t{CLONE_FILES} : 0) |
           (own.fs == parents.fs ? std::uint64_t{CLONE_FS} : 0);
  }

  [[noreturn]] void live(const Birth& b, const mm::Premaps& of_parent) {
    auto r = try_live(b, of_parent);
    if (!r.ok()) core::report_error(*ctx_.shared, r.error());
    _exit(1);
  }

  Result<> try_live(const Birth& b, const mm::Premaps& of_parent) {
    bool alive = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].alive();
    TaskCtx t{ctx_, ctx_.tree.tasks[b.kind == Birth::Kind::kTask ? b.task : 0]};
    mm::Premaps own;
    if (b.kind == Birth::Kind::kTask) ctx_.shared->task[b.task].host_pid = getpid();
    if (b.reaper && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
      return Error{"engine", "make a reaper of", format("pid {}", b.pid), errno, ""};
    if (alive) own = TRY(mm::premap(t, of_parent));
    for (std::size_t i : b.before) TRY(give_birth(i, own));
    if (b.setsid && setsid() < 0) return Error{"engine", "make a session for", format("pid {}", b.pid), errno, ""};
    for (std::size_t i : b.after) TRY(give_birth(i, own));
    switch (b.kind) {
      case Birth::Kind::kSessionHelper:
      case Birth::Kind::kOrphanMaker:
        _exit(0);
      case Birth::Kind::kGroupHelper:
        stand_in(*ctx_.shared, b);
      case Birth::Kind::kTask:
        if (!alive) die_as_zombie(t, b);
        return task_main(t, b, own);
    }
    return {};
  }

  RestoreCtx& ctx_;
  const BirthPlan& plan_;
};

}  // namespace

Result<> fork_tree(RestoreCtx& ctx, const BirthPlan& plan) {
  core::open_stage(*ctx.shared, Stage::kFork);
  return Maker(ctx, plan).give_birth(0, {}, ctx.opt.restore_sibling ? std::uint64_t{CLONE_PARENT} : 0);
}

}  // namespace cr::engine
