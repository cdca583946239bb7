#include "ns/pid.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/format.h"
#include "base/log.h"
#include "base/restore_shared.h"
#include "core/id_map.h"
#include "core/stages.h"

namespace cr::ns {
namespace {

/// The pid namespace that `init` lives in, when it has come to life.
Result<UniqueFd> open_space(const RestoreCtx& ctx, TaskIndex init) {
  const TaskSlot& slot = ctx.shared->task[init];
  core::await_value(*ctx.shared, slot.is_in_place, 1);
  const std::string path = format("{}/ns/pid", slot.host_pid.load());
  UniqueFd fd(openat(ctx.proc_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"ns", "open", format("the pid namespace of pid {}", ctx.tree.tasks[init].pid), errno, ""};
  return fd;
}

Error cant_turn(const Task& t) {
  return Error{"ns", "enter", format("the pid namespace of pid {}", t.pid), errno, "run as root"};
}

}  // namespace

Result<> check_inits(const TaskTree& tree) {
  for (const Task& t : tree.tasks)
    if (!t.alive() && t.space == t.index && WIFSIGNALED(t.exit_code) && WTERMSIG(t.exit_code) != SIGKILL)
      return Error{"ns", "dump", format("pid {}", t.host), 0,
                   format("it was the first process of a pid namespace, which signal {} has killed as nothing can "
                          "do again; let it be waited for",
                          WTERMSIG(t.exit_code))};
  return {};
}

ChildrenElsewhere::~ChildrenElsewhere() {
  if (home_ && setns(home_.get(), CLONE_NEWPID) != 0) log::error("a task can't return to its own pid namespace");
}

Result<ChildrenElsewhere> turn_to(const RestoreCtx& ctx, const Task& t, TaskIndex maker) {
  const int given = t.parent == kNoTask ? given_pid_space(ctx) : -1;
  if (given < 0 && (t.space == t.index || t.space == maker)) return ChildrenElsewhere();
  const UniqueFd there =
      given < 0 ? TRY(open_space(ctx, t.space)) : UniqueFd(fcntl(given, F_DUPFD_CLOEXEC, ctx.first_service_fd));
  UniqueFd home(openat(ctx.proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (!home || setns(there.get(), CLONE_NEWPID) != 0) return cant_turn(t);
  return ChildrenElsewhere(std::move(home));
}

Result<> find_children_space(TaskCtx& ctx) {
  if (ctx.task.children_space.kind != ChildrenSpace::Kind::kOther) return {};
  const UniqueFd low = TRY(open_space(ctx.restore, ctx.task.children_space.init));
  // Out of the way of the numbers that will be filled.
  ctx.children_space.reset(fcntl(low.get(), F_DUPFD_CLOEXEC, ctx.restore.first_service_fd));
  if (!ctx.children_space)
    return Error{"ns", "move", "the pid namespace of children", errno, "raise the limit of open files"};
  return {};
}

Result<> set_children_space(TaskCtx& ctx) {
  switch (ctx.task.children_space.kind) {
    case ChildrenSpace::Kind::kOwn:
      return {};
    case ChildrenSpace::Kind::kEmpty:
      if (core::comes_last(ctx.models(), ctx.task.pid) || unshare(CLONE_NEWPID) == 0) return {};
      return Error{"ns", "make", format("a pid namespace for the children of pid {}", ctx.task.pid), errno, ""};
    case ChildrenSpace::Kind::kOther:
      if (setns(ctx.children_space.get(), CLONE_NEWPID) == 0) return {};
      return cant_turn(ctx.task);
  }
  return {};
}

}  // namespace cr::ns
