// The user namespace of the tree: its id maps, and whether setgroups(2) is forbidden in it.
//
// Shown by /proc/PID/uid_map, gid_map and setgroups. The images hold ids as they are inside; who looks at the tree
// from outside translates them by core::TreeIds, which is filled here.
//
// Restore: the root task is born with a namespace of its own, where it is nobody until the coordinator has written
// the maps (map_ids). Then it becomes the first user inside, with every capability there and none outside; what needs
// those of the outside is done by the coordinator, or is opened by it (core/opener.h).
//
// Those below it: child_user.h.
//
// Refused: a namespace of the tree that neither that one nor one below it owns; a tree that shares its pid namespace
// with the outside, where it could not choose its pids.
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
/// The maps as the engine sees them.
struct ShownIds {
  core::IdMaps maps{};
  bool groups_denied = false;
};
Result<ShownIds> look_at_ids(const Task& member);
/// Fills the maps of a new user namespace, which a process lives in that the engine's /proc shows as `pid`. Errors:
/// writing them.
Result<> write_maps(const RestoreCtx&, std::int32_t pid, const core::IdMaps&, bool groups_denied);
/// Becomes the first user in a new user namespace. A bare process will do.
Result<> become_first(const core::IdMaps&, bool groups_denied);

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
