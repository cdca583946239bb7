// The pid namespaces of the tree. In one are its processes: every one has the number that it had there, and those
// that it had in the namespaces above. Each namespace is known by its init (Task::space, task/spaces.cc). What else
// it is, and one that the caller gives instead: pid_space.h.
//
// Restore: the init of a namespace is born with it; its own children are born there by themselves. Who had entered it
// by setns(2) is born by a maker who does the same for a moment. Which namespace a task had prepared for its children
// (unshare(2), setns(2)) is set when it has made them all.
//
// Refused: a namespace whose init is outside of the tree or gone, but a dead init that its parent has not waited for;
// one of those that was killed by another signal than SIGKILL, which no process can send it.
#pragma once

#include <linux/sched.h>

#include "core/ns_kind.h"
#include "ns/pid_space.h"

namespace cr::ns {

inline constexpr NsKind kPidKind{.name = "pid",
                                 .clone_flag = CLONE_NEWPID,
                                 .id = &KobjIds::pid_ns,
                                 .collect = collect_pid_space,
                                 .write = write_pid_space,
                                 .read = read_pid_space,
                                 .plan = plan_pid_space};

/// Dump: refuses the dead inits that can't be made again.
Result<> check_inits(const TaskTree&);

/// Restore: while it lives, the children of the calling process are born in another pid namespace than its own.
class ChildrenElsewhere {
 public:
  ChildrenElsewhere() = default;
  explicit ChildrenElsewhere(UniqueFd home) : home_(std::move(home)) {}
  ChildrenElsewhere(ChildrenElsewhere&&) = default;
  ChildrenElsewhere& operator=(ChildrenElsewhere&&) = default;
  ~ChildrenElsewhere();

 private:
  UniqueFd home_{};
};

/// Before the birth of `t` by a process that lives in pid namespace `maker`: turns to the one of `t` when that is
/// there already, and waits for its init, if that is one of the tree. Errors: setns(2).
Result<ChildrenElsewhere> turn_to(const RestoreCtx&, const Task& t, TaskIndex maker);

/// In a task that has made its children: opens the pid namespace that its further children live in. Its init may be
/// one that dies later.
Result<> find_children_space(TaskCtx&);
/// When it forks no more: from here on they would be born there. A new one that belongs to a user namespace which the
/// task has yet to enter is made by the restorer (security/restorer.h). Errors: setns(2), unshare(2).
Result<> set_children_space(TaskCtx&);

}  // namespace cr::ns
