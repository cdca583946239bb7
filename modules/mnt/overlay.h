// Overlay file systems that were mounted inside the namespace: lower, upper and work directories are looked up by
// their paths when it is mounted again, and their content stays where it is. mountinfo shows the paths as they were
// given to mount(2).
//
// Refused: relative paths, and those that lead to no directory any more, seen from the root of the namespace.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {

/// The paths in its options, lower directories first.
std::vector<std::string> layers_of(const Mount& overlay);
/// Dump: whether each of them is there for `member`. Errors: the first that is not.
Result<> check_layers(const Mount& overlay, HostPid member);
/// Mounts it on the directory `place`, with paths that are looked up from the directory `root`. The caller must not
/// share its root directory with anybody. Errors: mount(2).
Result<> mount_overlay(const Mount& overlay, int root, int place);

}  // namespace cr::mnt
