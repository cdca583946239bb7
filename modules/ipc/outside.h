// Processes outside of the tree, for errors.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/task_tree.h"

namespace cr::ipc {

/// "pid 17 (postgres)".
std::string process_name(int pid);
/// A process outside of the tree that has the segment attached, in words; "a process" when it can't be seen.
std::string find_attacher(const TaskTree& tree, int segment);

/// A process outside of the tree, and not the engine, that has the file open, in words; "" when there is none.
std::string find_opener(const TaskTree& tree, dev_t device, ino_t inode);

}  // namespace cr::ipc
