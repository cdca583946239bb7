#include "engine/fork_tree.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/clone_args.h"
#include "base/format.h"
#include "core/proc_text.h"
#include "core/stages.h"
#include "engine/sharer.h"
#include "engine/task_main.h"
#include "mm/premap.h"
#include "tty/tty.h"

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

  /// Makes birth `i`. In the child this does not return.
  Result<> give_birth(std::size_t i, const mm::Premaps& of_parent, std::uint64_t extra_flags = 0) {
    const Birth& b = plan_.births[i];
    if (b.shares_memory) return give_shared_birth(b);
    std::uint64_t pid = static_cast<std::uint64_t>(b.pid.value);
    CloneArgs args{};
    args.flags = extra_flags | sharing_flags(b);
    bool is_child = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].parent != kNoTask;
    // A sibling has the engine's own exit signal; clone3(2) takes no other for it.
    if (!(extra_flags & CLONE_PARENT))
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
    return t.parent == kNoTask ? 0 : sharing_flags(t, ctx_.tree.tasks[t.parent]);
  }

  std::uint64_t sharing_flags(const Task& t, const Task& maker) const {
    const auto& ids = ctx_.models.get<KobjModel>().of;
    const KobjIds& own = ids.at(t.pid);
    const KobjIds& parents = ids.at(maker.pid);
    return (own.files == parents.files ? std::uint64_t{CLONE_FILES} : 0) |
           (own.fs == parents.fs ? std::uint64_t{CLONE_FS} : 0) |
           (own.sighand == parents.sighand ? std::uint64_t{CLONE_SIGHAND} : 0);
  }

  /// The caller has the memory. Its owner has prepared all that will share it.
  Result<> give_shared_birth(const Birth& b) {
    SysResult made = make_sharer(*sharers_.at(b.task));
    if (made.err() == EEXIST) return pid_taken(b.pid);
    if (!made.ok()) return Error{"engine", "make", format("pid {}", b.pid), made.err(), ""};
    return {};
  }

  /// For the memory of the caller: an arena, and all that it must know, for each that will share it.
  Result<> prepare_sharers(const Birth& maker, std::vector<Sharer*>& makes) {
    for (const std::vector<std::size_t>* births : {&maker.before, &maker.after})
      for (std::size_t i : *births) {
        const Birth& b = plan_.births[i];
        if (!b.shares_memory) continue;
        const Task& t = ctx_.tree.tasks[b.task];
        Sharer& s = *(sharers_[b.task] = std::make_unique<Sharer>());
        s.pid = b.pid, s.pgid = b.pgid, s.setsid = b.setsid;
        s.page = ctx_.shared, s.slot = &ctx_.shared->task[t.index];
        s.how.flags =
            CLONE_VM | (b.sibling ? std::uint64_t{CLONE_PARENT} : 0) | sharing_flags(t, ctx_.tree.tasks[maker.task]);
        s.how.exit_signal = b.sibling ? 0 : static_cast<std::uint64_t>(t.exit_signal);
        s.arena = TRY(map_arena(ctx_, t, true));
        s.stand_in_pid = first_free_pid();
        s.maker = this;
        s.stand_in = [](Sharer& own) { static_cast<Maker*>(own.maker)->stand_in_for(own); };
        makes.push_back(&s);
        TRY(prepare_sharers(b, s.makes));
      }
    return {};
  }

  /// One that no task of the tree has or waits for.
  std::uint64_t first_free_pid() const {
    int top = 0;
    for (const Task& t : ctx_.tree.tasks) {
      top = std::max({top, t.pid.value, t.pgid.value, t.sid.value});
      for (const Thread& th : t.threads) top = std::max(top, th.tid.value);
    }
    return static_cast<std::uint64_t>(top) + 1;
  }

  [[noreturn]] void stand_in_for(const Sharer& s) {
    const Birth& b = plan_.births[ctx_.tree.find(s.pid)->index];  // births of tasks have their indices
    auto r = try_stand_in(b, s.arena);
    if (!r.ok()) core::report_error(*ctx_.shared, r.error());
    _exit(r.ok() ? 0 : 1);
  }

  Result<> try_stand_in(const Birth& b, const RestorerArena& arena) {
    for (std::size_t i : b.after)
      if (!plan_.births[i].shares_memory) TRY(give_birth(i, own_, CLONE_PARENT));
    TaskCtx t{ctx_, ctx_.tree.tasks[b.task]};
    return stand_in_main(t, b, own_, arena);
  }

  [[noreturn]] void live(const Birth& b, const mm::Premaps& of_parent) {
    auto r = try_live(b, of_parent);
    if (!r.ok()) core::report_error(*ctx_.shared, r.error());
    _exit(1);
  }

  Result<> try_live(const Birth& b, const mm::Premaps& of_parent) {
    bool alive = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].alive();
    TaskCtx t{ctx_, ctx_.tree.tasks[b.kind == Birth::Kind::kTask ? b.task : 0]};
    if (b.kind == Birth::Kind::kTask) ctx_.shared->task[b.task].host_pid = getpid();
    if (b.reaper && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
      return Error{"engine", "make a reaper of", format("pid {}", b.pid), errno, ""};
    if (alive) {
      own_ = TRY(mm::premap(t, mm::Premaps(of_parent)));
      std::vector<Sharer*> makes;
      TRY(prepare_sharers(b, makes));
    }
    for (std::size_t i : b.before) TRY(give_birth(i, own_));
    if (b.setsid && setsid() < 0) return Error{"engine", "make a session for", format("pid {}", b.pid), errno, ""};
    if (b.setsid && alive) TRY(tty::take_controlling(t));
    for (std::size_t i : b.after) TRY(give_birth(i, own_));
    switch (b.kind) {
      case Birth::Kind::kSessionHelper:
      case Birth::Kind::kOrphanMaker:
        _exit(0);
      case Birth::Kind::kGroupHelper:
        stand_in(*ctx_.shared, b);
      case Birth::Kind::kTask:
        if (!alive) die_as_zombie(t, b);
        return task_main(t, b, own_);
    }
    return {};
  }

  RestoreCtx& ctx_;
  const BirthPlan& plan_;
  mm::Premaps own_{};  ///< of this process
  std::map<TaskIndex, std::unique_ptr<Sharer>> sharers_{};
};

}  // namespace

Result<> fork_tree(RestoreCtx& ctx, const BirthPlan& plan) {
  core::open_stage(*ctx.shared, Stage::kFork);
  return Maker(ctx, plan).give_birth(0, {}, ctx.opt.restore_sibling ? std::uint64_t{CLONE_PARENT} : 0);
}

}  // namespace cr::engine
