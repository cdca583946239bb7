// Paths of a dumped tree that lives in a mount namespace of its own: what /proc shows of them, what they are called
// inside, and how the engine gets at them.
#pragma once

#include <optional>
#include <string>

#include "core/contexts.h"
#include "core/ns_kind.h"

namespace cr::files {

struct TreePaths {
  std::string base{};      ///< put in front of a path of the tree; "" when the tree lives in our own namespace
  std::string root = "/";  ///< the tree's root, as links of /proc show it to us
  NsId ns = 0;             ///< 0: our own namespace

  bool elsewhere() const { return !base.empty(); }
  /// The tree's name of what a link of /proc shows; nothing when it lies outside of the root.
  std::optional<std::string> inside(const std::string& link) const;
};

/// Dump: of the mount namespace that has that mount; of the one that task `pid` lives in when no mount is given or
/// none has it; of the root task's when that is none of the tree.
TreePaths paths_of(const DumpCtx& ctx, HostPid pid, MountId mount = MountId{-1});
/// Dump: what tells a restore the namespace of such a file, nothing in our own.
std::optional<int> mount_of(const DumpCtx& ctx, const TreePaths& paths, MountId mount);

/// Restore: whether the tree lives in a mount namespace of its own, which is not there before the root task has it.
bool lives_elsewhere(const TaskTree& tree, const Models& models);
/// Restore: the nested mount namespace that a file with that mount is looked up in; 0: that of the root task.
NsId nested_home(const Models& models, std::optional<int> mount);
/// In the coordinator, when the tree lives: what to put in front of a path of the tree.
std::string base_of(const TaskTree& tree, const Models& models, NsId nested = 0);

}  // namespace cr::files
