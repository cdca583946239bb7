#include "ns/ns.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/format.h"
#include "base/restore_shared.h"
#include "base/unique_fd.h"
#include "core/ns_visit.h"
#include "core/sharing.h"
#include "core/stages.h"
#include "ns/child_user.h"
#include "ns/joined.h"
#include "ns/pid.h"
#include "ns/time_ns.h"
#include "ns/user.h"

namespace cr::ns {
namespace {

/// Calls `act(kind, id, first task that lives in it)` for every namespace that is the tree's own.
template <class Act>
Result<> for_each_own(const TaskTree& tree, const Models& models, Act act) {
  const KobjModel& objects = models.get<KobjModel>();
  for (const NsKind* kind : ns_kinds()) {
    std::vector<NsId> seen{0, objects.root.*kind->id};
    for (const Task& t : tree.tasks) {
      const KobjIds* ids = objects.find(t.pid);
      if (ids == nullptr) continue;  // a zombie has left its namespaces
      const NsId id = ids->*kind->id;
      if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
      seen.push_back(id);
      TRY(act(*kind, id, t));
    }
  }
  return {};
}

/// Runs one optional hook for each of them.
template <class Hook, class Ctx>
Result<> run(Hook hook, Ctx& ctx) {
  return for_each_own(ctx.tree, ctx.models, [&](const NsKind& kind, NsId id, const Task&) -> Result<> {
    return kind.*hook == nullptr ? Result<>{} : (kind.*hook)(ctx, id);
  });
}

constexpr std::uint64_t kComeWithBirth = CLONE_NEWPID | CLONE_NEWUSER;

/// What is given only at birth, and so far only to the root.
Result<> check_tree(const DumpCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const Task& root = ctx.tree.root();
  const KobjIds& of_root = objects.of.at(root.pid);
  if (of_root.pid_ns == objects.root.pid_ns) return check_inits(ctx.tree);
  const bool is_external = TRY(core::external_key(ctx.opt, root.live, "pid")).has_value();
  if (!is_external && root.pid != NsPid{1})
    return Error{
        "ns", "dump", format("pid {}", root.host), 0,
        format("it is number {} of its pid namespace: dump the first process of that, run the engine inside, "
               "or leave that one to the outside by --external pid[INODE]:NAME",
               root.pid)};
  if (is_external && root.pid == NsPid{1})
    return Error{
        "ns", "dump", format("pid {}", root.host), 0,
        "it is the first process of its pid namespace, and can't be that of one which is there already: leave "
        "out --external pid[..]"};
  return check_inits(ctx.tree);
}

/// Unshares and fills one namespace. The time namespace is one's own only after setns(2).
Result<> make(TaskCtx& ctx, const NsKind& kind, NsId id) {
  const std::string object = format("{} namespace {} of pid {}", kind.name, id, ctx.task.pid);
  const core::ChildIds& children = ctx.models().get<core::ChildIds>();
  const NsId owner = children.owner_of(id);
  if (owner != 0 && core::birth_space(ctx.models(), ctx.task.pid) == nullptr)
    return make_inside(ctx, kind, id, children.spaces.at(owner));
  if (TRY(enter_joined(ctx.restore, kind, id))) return {};
  if ((kind.clone_flag & kComeWithBirth) == 0 && unshare(static_cast<int>(kind.clone_flag)) != 0)
    return Error{"ns", "make", object, errno, "run as root, on a kernel with that kind of namespace"};
  if (kind.fill != nullptr) TRY(kind.fill(ctx.restore, id));
  return {};
}

/// The first task that has it makes it; it may not have come to that yet.
Result<> join(TaskCtx& ctx, const NsKind& kind, const Task& first) {
  const TaskSlot& slot = ctx.restore.shared->task[first.index];
  core::await_value(*ctx.restore.shared, slot.is_in_place, 1);
  const std::string path = format("{}/ns/{}", slot.host_pid.load(), kind.name);
  UniqueFd fd(openat(ctx.restore.proc_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || setns(fd.get(), static_cast<int>(kind.clone_flag)) != 0)
    return Error{"ns", "join", format("{} namespace of pid {} with pid {}", kind.name, first.pid, ctx.task.pid),
                 errno, ""};
  return {};
}

}  // namespace

std::uint64_t birth_flags(const RestoreCtx& ctx, const Task& t, const KobjIds& maker) {
  const KobjIds* own = ctx.models.get<KobjModel>().find(t.pid);
  const bool is_init = t.parent == kNoTask ? own != nullptr && own->pid_ns != maker.pid_ns && given_pid_space(ctx) < 0
                                           : t.space == t.index;
  return (is_init ? std::uint64_t{CLONE_NEWPID} : 0) |
         (t.parent == kNoTask && own != nullptr && own->user_ns != maker.user_ns ? std::uint64_t{CLONE_NEWUSER} : 0);
}

Result<> enter(TaskCtx& ctx, const KobjIds& maker) {
  const KobjIds* own = ctx.models().get<KobjModel>().find(ctx.task.pid);
  if (own == nullptr) return {};
  for (const NsKind* kind : ns_kinds()) {
    const NsId id = own->*kind->id;
    // Everybody is born in his pid namespace, and those below the tree's own user namespace come later.
    if (id == maker.*kind->id || (kind->clone_flag == CLONE_NEWPID && ctx.task.space != ctx.task.index)) continue;
    if (kind->clone_flag == CLONE_NEWUSER && ctx.task.parent != kNoTask) continue;
    const auto first = std::find_if(ctx.tree().tasks.begin(), ctx.tree().tasks.end(), [&](const Task& t) {
      const KobjIds* ids = ctx.models().get<KobjModel>().find(t.pid);
      return ids != nullptr && ids->*kind->id == id;
    });
    if (first->index == ctx.task.index)
      TRY(make(ctx, *kind, id));
    else
      TRY(join(ctx, *kind, *first));
  }
  return {};
}

Result<> collect(DumpCtx& ctx) {
  TRY(check_tree(ctx));
  TRY(check_time_for_children(ctx.tree));
  auto collect_if = [&](bool is_user) {
    return for_each_own(ctx.tree, ctx.models, [&](const NsKind& kind, NsId id, const Task& member) -> Result<> {
      if ((kind.clone_flag == CLONE_NEWUSER) != is_user || kind.collect == nullptr) return {};
      return kind.collect(ctx, id, member);
    });
  };
  // What the others hold is translated and judged by these.
  TRY(collect_if(true));
  TRY(for_each_own(ctx.tree, ctx.models, [&](const NsKind& kind, NsId id, const Task& member) {
    return find_owner(ctx, kind, id, member);
  }));
  TRY(settle_child_users(ctx.tree, ctx.models));
  return collect_if(false);
}

Result<> settle(DumpCtx& ctx) { return run(&NsKind::settle, ctx); }
Result<> write(DumpCtx& ctx) { return run(&NsKind::write, ctx); }
Result<> read(ReadCtx& ctx) {
  TRY(run(&NsKind::read, ctx));
  TRY(settle_child_users(ctx.tree, ctx.models));
  find_free_levels(ctx.tree, ctx.models);
  return {};
}
Result<> plan(PlanCtx& ctx) {
  TRY(plan_joined(ctx));
  return run(&NsKind::plan, ctx);
}

Result<> finish(RestoreCtx& ctx) { return finish_pid_spaces(ctx); }

Result<> prepare(RestoreCtx& ctx) {
  TRY(open_joined(ctx));
  return run(&NsKind::prepare, ctx);
}

}  // namespace cr::ns
