// Who outside the tree has an end of a pty: then it can't be taken away and made again.
#pragma once

#include <cstdint>
#include <string>

#include "core/task_tree.h"

namespace cr::tty {

enum class WhichEnd { kMaster, kSlave, kEither };

/// "pid 17 (bash)" of a process outside the tree with a descriptor of an end of that pty, or "". `dev` is the devpts.
/// Walks all of /proc.
std::string find_outside(const TaskTree& tree, std::uint32_t dev, std::uint32_t index, WhichEnd which);

/// The directory of slaves that belongs to a node of ptmx: the one it is in, or "pts" beside it.
std::string slave_directory(const std::string& ptmx);

}  // namespace cr::tty
