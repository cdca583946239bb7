// Who else has a pipe or socket: for the sentence that refuses it, nothing else.
#pragma once

#include <string>

#include "core/task_tree.h"

namespace cr::files {

/// "pid 17 (cat)" of a process outside the tree with a descriptor whose link is `link`; "another process" when none
/// is found. Walks all of /proc, so it is for the way out only.
std::string find_holder(const TaskTree& tree, const std::string& link);

/// The same for a process that shares the description of descriptor `fd` of `pid`; "" when there is none. By kcmp(2).
std::string find_sharer(const TaskTree& tree, HostPid pid, int fd);

}  // namespace cr::files
