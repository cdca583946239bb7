// Looking into the mount namespace of a dumped task: its mounts, and what is in a file system below everything that
// is mounted over parts of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {

/// All mounts of the namespace that `member` lives in, seen from the root of it; roots of cgroup file systems as its
/// cgroup namespace shows them. Errors: entering, a mountinfo that is not understood.
Result<std::vector<Mount>> mounts_around(HostPid member);

/// For each of `devs` a copy of a mount that shows the root of it, with nothing mounted on it. `all` is what
/// mounts_around() gave. Errors: entering; no mount of it shows the root.
Result<std::map<std::uint32_t, UniqueFd>> bare_copies(HostPid member, const std::vector<Mount>& all,
                                                      const std::set<std::uint32_t>& devs);

/// Id of the mount that a path leads to. Errors: statx(2).
Result<std::uint32_t> mount_id(int directory, const char* path, int flags);

}  // namespace cr::mnt
