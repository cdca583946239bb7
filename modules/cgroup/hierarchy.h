// Hierarchies of control groups and the directories in them.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cgroup/cgroup.h"

namespace cr::cgroup {

/// The lines of /proc/PID/cgroup. Errors: read(2).
Result<Set> read_members(const std::string& proc_file);

/// The root of a hierarchy, of the caller's cgroup namespace: a mount that nobody sees, or a directory of `yard`.
/// Errors: fsopen(2), fsmount(2), open(2).
Result<UniqueFd> open_hierarchy(const std::string& name, const std::string& yard);

/// A file or directory below; `path` may begin with a slash.
Result<UniqueFd> open_below(int root, const std::string& path, int flags);
bool exists_below(int root, const std::string& path);
/// Whether a group is `head` or below it.
bool is_at_or_below(const std::string& path, const std::string& head);

Result<std::string> read_below(int dir, const std::string& file);
/// Gives the errno, 0 for none.
int write_below(int dir, const std::string& file, const std::string& value);

/// "name" and "path" as errors tell them.
std::string group_name(const std::string& hierarchy, const std::string& path);

}  // namespace cr::cgroup
