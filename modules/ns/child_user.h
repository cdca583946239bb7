// User namespaces below that of the tree (core::ChildIds): those that tasks have made themselves, as browsers,
// rootless containers and unshare(1) do.
//
// Shown as that of the tree is (user.h); by ioctl(2) NS_GET_PARENT, NS_GET_OWNER_UID, and NS_GET_USERNS of the
// namespaces that belong to it.
//
// Restore: the root task makes them all, empty, and everybody inherits their descriptors. Who lives in one does all
// of his work in the namespace of the tree, whose rights he may need (files, sockets, owners that the inner one does
// not know), and enters the inner one last, in the restorer (security/restorer.h), after he has taken the ids that he
// will have there. Namespaces that belong to it are made by a helper that lives there, and entered. The init of a pid
// namespace that belongs to it is born inside, by such a helper, and so are its descendants. These have no say in the
// pid namespaces of the outside, as threads of anybody who lives inside have none: the coordinator sees to their
// numbers there (engine/number_giver.h).
//
// Refused: one below another one; one that no task lives in, though a namespace of the tree belongs to it; one
// without id maps; a task inside that shares memory or directories with another process, or that has left what it was
// born with; a time namespace that belongs to it, but for one born inside.
#pragma once

#include "core/id_map.h"
#include "core/ns_kind.h"

namespace cr::ns {

Result<> collect_child_user(DumpCtx&, NsId, const Task& member);
/// Dump: finds out to which user namespace one of another kind belongs. Errors: to none of the tree's.
Result<> find_owner(DumpCtx&, const NsKind&, NsId, const Task& member);
/// Finds who is born inside, and refuses what can't be made again.
Result<> settle_child_users(const TaskTree&, Models&);
/// Restore: sets Task::levels_free of all.
void find_free_levels(TaskTree&, const Models&);

/// In the root task: makes them all. Errors: unshare(2), writing the maps.
Result<> furnish(RestoreCtx&);
/// Whether `t` is born inside one, by a maker who is not.
bool is_first_inside(const RestoreCtx&, const Task& t);
/// In a helper that is about to give birth to such a task: goes there with the groups that it will have, and becomes
/// the first user. Errors: setgroups(2), setns(2), setresuid(2).
Result<> go_inside(const RestoreCtx&, const Task&, const std::vector<std::uint32_t>& groups);
/// Unshares a namespace that belongs to one, fills it where that has to be done from inside, and enters it. Errors:
/// clone(2), setns(2), unshare(2), what the kind says.
Result<> make_inside(TaskCtx&, const NsKind&, NsId, const core::ChildIds::Space& owner);

}  // namespace cr::ns
