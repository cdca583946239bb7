// The user namespace of the tree: its id maps, and whether setgroups(2) is forbidden in it.
//
// Shown by /proc/PID/uid_map, gid_map and setgroups. The images hold ids as they are inside; who looks at the tree
// from outside translates them by core::TreeIds, which is filled here.
//
// Restore: the root task is born with a namespace of its own, where it is nobody until the coordinator has written
// the maps (map_ids). Then it becomes the first user inside, with every capability there and none outside; what needs
// those of the outside is done by the coordinator, or is opened by it (core/opener.h).
//
// A user namespace below that one (core::ChildIds) is carried where it comes with a pid namespace, whose init is born
// with both; the maker writes the maps. Everybody else in there is a child of one who lives there, and has no say in
// the pid namespaces of the outside: his number there is a new one (Task::levels_free).
//
// Refused: a namespace of the tree that another user namespace owns; a tree that shares its pid namespace with the
// outside, where it could not choose its pids; a user namespace below that without a pid namespace, or entered by
// setns(2).
#pragma once

#include <linux/sched.h>

#include "core/id_map.h"
#include "core/ns_kind.h"

namespace cr::ns {

Result<> collect_user(DumpCtx&, NsId, const Task& member);
Result<> write_user(DumpCtx&, NsId);
Result<> read_user(ReadCtx&, NsId);
Result<> fill_user(RestoreCtx&, NsId);

/// In the coordinator, when the root task is born: fills the maps of its user namespace, if it has one, and waits for
/// the task to be there. Errors: writing the maps; the task died.
Result<> map_ids(RestoreCtx&);
/// Dump: refuses the user namespaces below that of the root that can't be made again.
Result<> check_children(const TaskTree&, const KobjModel&);
/// Restore: sets Task::levels_free of all.
void find_free_levels(TaskTree&, const KobjModel&);

/// In the maker of a task that was born with a user namespace: fills its maps. Errors: writing them.
Result<> map_child_ids(const RestoreCtx&, const Task&, const KobjIds& maker);
/// Before such a birth: while it lives, the maker has the groups that nobody can set in the new namespace.
class LentGroups {
 public:
  LentGroups() = default;
  explicit LentGroups(std::vector<std::uint32_t> own) : own_(std::move(own)), lent_(true) {}
  LentGroups(LentGroups&& o) noexcept : own_(std::move(o.own_)), lent_(std::exchange(o.lent_, false)) {}
  LentGroups& operator=(LentGroups&&) = delete;
  ~LentGroups();
  /// `inside`: those of the task. Errors: setgroups(2).
  static Result<LentGroups> take(const RestoreCtx&, const Task&, const std::vector<std::uint32_t>& inside);

 private:
  std::vector<std::uint32_t> own_{};
  bool lent_ = false;
};

/// In the coordinator, before the root task is born: where setgroups(2) will be forbidden, takes the groups that the
/// tasks have, who will inherit them. Errors: setgroups(2).
Result<> take_groups(RestoreCtx&, const std::vector<std::uint32_t>& inside);

inline constexpr NsKind kUserKind{.name = "user",
                                  .clone_flag = CLONE_NEWUSER,
                                  .id = &KobjIds::user_ns,
                                  .collect = collect_user,
                                  .write = write_user,
                                  .read = read_user,
                                  .fill = fill_user};

}  // namespace cr::ns
