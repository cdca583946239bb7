// Paths that the coordinator of a restore needs when the tree lives: of watches and marks, which are made last.
#pragma once

#include <string>

#include "core/contexts.h"
#include "core/file_kind.h"

namespace cr::files {

/// What to put in front of a path that was looked up for the first task that has description `id`; "" when that one
/// lives in the engine's own mount namespace.
std::string base_of_holder(const RestoreCtx& ctx, FileId id);

}  // namespace cr::files
