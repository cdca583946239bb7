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
#include "cgroup/cgroup.h"
#include "core/id_map.h"
#include "core/stages.h"
#include "engine/modules.h"
#include "engine/number_giver.h"
#include "engine/numbers.h"
#include "engine/sharer.h"
#include "engine/task_heap.h"
#include "engine/task_main.h"
#include "files/files.h"
#include "mm/premap.h"
#include "mnt/mnt.h"
#include "ns/child_user.h"
#include "ns/ns.h"
#include "ns/pid.h"
#include "ns/user.h"
#include "restorer/report.h"
#include "security/creds.h"
#include "security/keys.h"
#include "tty/tty.h"

namespace cr::engine {
namespace {

constexpr int kReapTries = 2000, kReapPause_us = 1000;
// Exit statuses: of one who has not got the numbers that it was to have, and of its maker; of that when none was
// made.
constexpr int kWrongNumber = 85, kNumberTaken = 86;

/// With a pid namespace made for it, the root is its init.
bool is_own_init(const RestoreCtx& ctx) { return ctx.tree.root().pid == NsPid{1}; }

/// What a process is when it has been forked: in its memory, the RestoreCtx is its own copy.
class Maker {
 public:
  Maker(RestoreCtx& ctx, const BirthPlan& plan) : ctx_(ctx), plan_(plan), here_(ctx.models.get<KobjModel>().root) {}

  /// Makes birth `i`. In the child this does not return.
  Result<> give_birth(std::size_t i, const mm::Premaps& of_parent, std::uint64_t extra_flags = 0) {
    const Birth& b = plan_.births[i];
    if (b.shares_memory) return give_shared_birth(b);
    if (b.group_at_birth != NsPid{}) TRY(join_for(b));
    if (b.kind == Birth::Kind::kTask && ns::is_first_inside(ctx_, ctx_.tree.tasks[b.task]))
      return give_birth_inside(b, of_parent);
    const std::vector<pid_t> pids = set_tid_of(b);
    CloneArgs args{};
    args.flags = extra_flags | sharing_flags(b);
    if (b.kind == Birth::Kind::kTask) args.flags |= ns::birth_flags(ctx_, ctx_.tree.tasks[b.task], here_);
    bool is_child = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].parent != kNoTask;
    // A sibling has the engine's own exit signal; clone3(2) takes no other for it.
    if (!(extra_flags & CLONE_PARENT))
      args.exit_signal = static_cast<std::uint64_t>(is_child ? ctx_.tree.tasks[b.task].exit_signal : SIGCHLD);
    args.set_tid = pids.empty() ? 0 : reinterpret_cast<std::uint64_t>(pids.data());
    args.set_tid_size = pids.size();
    ns::ChildrenElsewhere elsewhere;
    if (b.kind == Birth::Kind::kTask) elsewhere = TRY(ns::turn_to(ctx_, ctx_.tree.tasks[b.task], space_));
    if (free_levels_ != 0 && b.pid != NsPid{}) return give_wished_birth(b, args, of_parent);
    long child = syscall(SYS_clone3, &args, sizeof args);
    // What was dumped a moment ago may not have been reaped yet: its pids come free when their new parent gets to it.
    // And a thread that fills memory for another task may have got the number.
    for (int tries = 0; child < 0 && errno == EEXIST && tries < kReapTries && will_be_free(ctx_, here_, b.pid);
         ++tries) {
      usleep(kReapPause_us);
      child = syscall(SYS_clone3, &args, sizeof args);
    }
    if (child < 0 && errno == EEXIST) return pid_taken(ctx_, b.pid);
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
  /// In a user namespace below that of the tree, where the caller does not live: a helper goes there and makes it.
  Result<> give_birth_inside(const Birth& b, const mm::Premaps& of_parent) {
    for (int tries = 0; tries < kReapTries; ++tries) {
      const long helper = fork_helper(ctx_.tree.tasks[b.task].exit_signal);  // CLONE_PARENT passes that on
      if (helper < 0) return Error{"engine", "fork a helper for", format("pid {}", b.pid), errno, ""};
      if (helper == 0) {
        auto r = be_midwife(b, of_parent);
        if (!r.ok()) core::report_error(*ctx_.shared, r.error());
        _exit(!r.ok() ? 1 : r.value() > 0 ? 0 : r.value() < 0 ? kWrongNumber : kNumberTaken);
      }
      int status = 0;
      if (waitpid(static_cast<pid_t>(helper), &status, __WALL) != helper || !WIFEXITED(status))
        return Error{"engine", "wait for the helper of", format("pid {}", b.pid), errno, ""};
      if (WEXITSTATUS(status) == 0) return {};
      if (WEXITSTATUS(status) == 1)
        return Error{"engine", "make", format("pid {}", b.pid), 0, "the error above says more"};
      if (WEXITSTATUS(status) == kWrongNumber) waitpid(-1, nullptr, __WALL);  // nobody else has died yet
      usleep(kReapPause_us);
    }
    return pid_taken(ctx_, b.pid);
  }

  /// With a number that nobody in the tree has.
  long fork_helper(int exit_signal) const {
    std::vector<pid_t> pids(1 + ctx_.tree.tasks[space_].inner.size(), first_free_pid(ctx_.tree));
    CloneArgs args{};
    args.exit_signal = static_cast<std::uint64_t>(exit_signal);
    args.set_tid = reinterpret_cast<std::uint64_t>(pids.data());
    args.set_tid_size = pids.size();
    long helper = syscall(SYS_clone3, &args, sizeof args);
    for (int tries = 0; helper < 0 && errno == EEXIST && tries < kReapTries; ++tries) {
      for (pid_t& pid : pids) ++pid;
      helper = syscall(SYS_clone3, &args, sizeof args);
    }
    return helper;
  }

  /// As try_wished_birth(); the new one is a child of the helper's parent.
  Result<long> be_midwife(const Birth& b, const mm::Premaps& of_parent) {
    const Task& t = ctx_.tree.tasks[b.task];
    TaskCtx task{ctx_, t};
    TRY(cgroup::join(task, here_));
    TRY(ns::go_inside(ctx_, t, security::groups_of(ctx_.models, t)));
    CloneArgs args{};
    args.flags = CLONE_PARENT | ns::birth_flags(ctx_, t, here_);
    here_.user_ns = ctx_.models.get<KobjModel>().of.at(t.pid).user_ns;
    free_levels_ = t.levels_free;
    const std::vector<pid_t> pids = set_tid_of(b);
    args.set_tid = reinterpret_cast<std::uint64_t>(pids.data());
    args.set_tid_size = pids.size();
    return try_wished_birth(b, args, of_parent);
  }

  /// Some of its numbers only the coordinator can see to.
  Result<> give_wished_birth(const Birth& b, CloneArgs& args, const mm::Premaps& of_parent) {
    for (int tries = 0; tries < kReapTries; ++tries, usleep(kReapPause_us)) {
      const long child = TRY(try_wished_birth(b, args, of_parent));
      if (child > 0 && (b.kind == Birth::Kind::kOrphanMaker || b.kind == Birth::Kind::kSessionHelper))
        return wait_for_helper(static_cast<pid_t>(child));
      if (child > 0) return {};
      if (child < 0) waitpid(static_cast<pid_t>(-child), nullptr, __WALL);
    }
    return pid_taken(ctx_, b.pid);
  }

  static std::vector<std::int32_t> all_numbers(const Birth& b) {
    std::vector<std::int32_t> all{b.pid.value};
    all.insert(all.end(), b.inner.begin(), b.inner.end());
    return all;
  }

  /// Gives its pid; 0 when a number was taken, minus the pid when it has got a wrong number and ends.
  Result<long> try_wished_birth(const Birth& b, CloneArgs& args, const mm::Premaps& of_parent) {
    constexpr int kPatience = 50000;
    const std::vector<std::uint32_t> spaces = pid_spaces_of(ctx_.tree, space_);
    const std::vector<std::int32_t> numbers = all_numbers(b);
    const std::size_t count = std::min({free_levels_, spaces.size(), numbers.size()});
    std::atomic<std::uint32_t>& state = ctx_.shared->wish.state;
    restorer::Report report(ctx_.shared, b.pid.value);
    report.begin_wish();
    report.wish(std::span(spaces).first(count), std::span(numbers).first(count));
    const long child = syscall(SYS_clone3, &args, sizeof args);
    const int err = errno;
    if (child == 0) {
      say_numbers(b);
      live(b, of_parent);
    }
    for (int i = 0; child > 0 && state == NumberWish::kGranted && i < kPatience; ++i) report.nap();
    const bool right = state == NumberWish::kRight;
    report.end_wish();
    if (child > 0) return right ? child : -child;
    if (err == EEXIST) return 0;
    return Error{"engine", "make", format("pid {}", b.pid), err, ""};
  }

  /// In the new process: ends when they are wrong.
  void say_numbers(const Birth& b) const {
    auto right = has_numbers(ctx_, all_numbers(b));
    if (!right.ok()) core::report_error(*ctx_.shared, right.error());
    const bool is_right = right.ok() && right.value();
    ctx_.shared->wish.state = is_right ? NumberWish::kRight : NumberWish::kWrong;
    if (!is_right) _exit(kWrongNumber);
  }

  static Result<> wait_for_helper(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0)
      return Error{"engine", "make", format("helper {}", child), 0, "the error above says more"};
    return {};
  }

  /// The numbers that it gets, that in its own pid namespace first. The outermost ones may not be ours to choose
  /// (number_giver.h).
  std::vector<pid_t> set_tid_of(const Birth& b) const {
    if (b.pid == NsPid{}) return {};
    std::vector<pid_t> pids(b.inner.rbegin(), b.inner.rend());
    pids.push_back(b.pid.value);
    pids.resize(pids.size() - std::min(pids.size(), free_levels_));
    return pids;
  }

  /// The caller joins the process group that its child has to inherit; its leader may not have made it yet.
  Result<> join_for(const Birth& b) const {
    const int group = ctx_.tree.number_in(space_, b.group_at_birth);
    if (group == 0 || getpgrp() == group) return {};
    for (int tries = 0; setpgid(0, group == getpid() ? 0 : group) != 0; ++tries) {
      if (tries == kReapTries)
        return Error{"engine", "join process group", format("{} for the birth of pid {}", group, b.pid), errno, ""};
      usleep(kReapPause_us);
    }
    return {};
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
    if (made.err() == EEXIST) return pid_taken(ctx_, b.pid);
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
        s.pid = b.pid, s.group = b.group, s.leads_group = b.pgid == b.pid, s.setsid = b.setsid;
        for (pid_t number : set_tid_of(b)) s.numbers[s.levels++] = number;
        s.page = ctx_.shared, s.slot = &ctx_.shared->task[t.index];
        s.proc_fd = ctx_.proc_fd;
        s.how.flags =
            CLONE_VM | (b.sibling ? std::uint64_t{CLONE_PARENT} : 0) | sharing_flags(t, ctx_.tree.tasks[maker.task]);
        s.how.exit_signal = b.sibling ? 0 : static_cast<std::uint64_t>(t.exit_signal);
        s.arena = TRY(map_arena(ctx_, t, true));
        s.stand_in_pid = first_free_pid(ctx_.tree);
        s.maker = this;
        s.stand_in = [](Sharer& own) { static_cast<Maker*>(own.maker)->stand_in_for(own); };
        makes.push_back(&s);
        TRY(prepare_sharers(b, s.makes));
      }
    return {};
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

  /// Its namespaces are in place when this is done, and for the root all that the others will inherit.
  Result<> arrive(TaskCtx& t) {
    TaskSlot& slot = ctx_.shared->task[t.task.index];
    const SysResult pid = core::pid_in_proc(ctx_.proc_fd);
    if (!pid.ok()) return Error{"engine", "find in /proc", format("pid {}", t.task.pid), pid.err(), ""};
    slot.host_pid = static_cast<std::int32_t>(pid.raw());
    TRY(cgroup::join(t, here_));
    if (t.task.parent == kNoTask && wants_fresh_space(ctx_) && is_own_init(ctx_)) TRY(furnish_fresh_space(ctx_));
    space_ = t.task.space;
    if (t.task.alive()) free_levels_ = t.task.levels_free;
    const bool had_space = t.task.parent == kNoTask ? !has_new_space() : t.task.space != t.task.index;
    TRY(ns::enter(t, here_));
    TRY(mnt::mount_inner_proc(t));
    if (!had_space && has_child_users()) TRY(keep_numbers_free(ctx_));
    if (t.task.alive()) here_ = ctx_.models.get<KobjModel>().of.at(t.task.pid);
    if (t.task.parent == kNoTask) TRY(run(&Module::furnish, ctx_));
    if (const NsId made = mnt::made_by(ctx_.models.get<mnt::Model>(), t.task.index); made != 0)
      TRY(files::furnish_in(ctx_, made));
    slot.is_in_place = 1;
    return {};
  }

  /// The root is the first of the tree's own in its pid namespace.
  bool has_new_space() const {
    const KobjModel& objects = ctx_.models.get<KobjModel>();
    return (objects.of.at(ctx_.tree.root().pid).pid_ns != objects.root.pid_ns && ns::given_pid_space(ctx_) < 0) ||
           wants_fresh_space(ctx_);
  }
  bool has_child_users() const { return !ctx_.models.get<core::ChildIds>().spaces.empty(); }

  [[noreturn]] void live(const Birth& b, const mm::Premaps& of_parent) {
    use_task_heap();
    auto r = try_live(b, of_parent);
    if (!r.ok()) core::report_error(*ctx_.shared, r.error());
    _exit(1);
  }

  Result<> try_live(const Birth& b, const mm::Premaps& of_parent) {
    bool alive = b.kind == Birth::Kind::kTask && ctx_.tree.tasks[b.task].alive();
    TaskCtx t{ctx_, ctx_.tree.tasks[b.kind == Birth::Kind::kTask ? b.task : 0]};
    if (b.kind == Birth::Kind::kTask) TRY(arrive(t));
    if (b.reaper && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
      return Error{"engine", "make a reaper of", format("pid {}", b.pid), errno, ""};
    if (alive) {
      TRY(security::keys::make(t));
      own_ = TRY(mm::premap(t, mm::Premaps(of_parent)));
      std::vector<Sharer*> makes;
      TRY(prepare_sharers(b, makes));
    }
    for (std::size_t i : b.before) TRY(give_birth(i, own_));
    if (b.setsid && setsid() < 0) return Error{"engine", "make a session for", format("pid {}", b.pid), errno, ""};
    if (b.setsid && alive) TRY(tty::take_controlling(t));
    for (std::size_t i : b.after) TRY(give_birth(i, own_));
    if (alive) TRY(ns::find_children_space(t));
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
  mm::Premaps own_{};            ///< of this process
  KobjIds here_;                 ///< the namespaces that this process lives in
  TaskIndex space_ = 0;          ///< its pid namespace
  std::size_t free_levels_ = 0;  ///< of how many pid namespaces, the outermost first, it can't choose numbers
  std::map<TaskIndex, std::unique_ptr<Sharer>> sharers_{};
};

}  // namespace

Result<FreshSpace> fork_tree(RestoreCtx& ctx, const BirthPlan& plan) {
  core::open_stage(*ctx.shared, Stage::kFork);
  TRY(ns::take_groups(ctx, security::groups_of(ctx.models, ctx.tree.root())));
  const std::uint64_t flags = ctx.opt.restore_sibling ? std::uint64_t{CLONE_PARENT} : 0;
  FreshSpace space;
  if (!wants_fresh_space(ctx))
    TRY(Maker(ctx, plan).give_birth(0, {}, flags));
  else if (is_own_init(ctx))
    TRY(Maker(ctx, plan).give_birth(0, {}, flags | CLONE_NEWPID));
  else
    space = TRY(FreshSpace::make(ctx, flags, [&] { return Maker(ctx, plan).give_birth(0, {}); }));
  TRY(ns::map_ids(ctx));
  return space;
}

}  // namespace cr::engine
