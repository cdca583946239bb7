// Files of /proc/PID of a process outside of the tree: at the restore another one may have its pid.
#pragma once

#include <optional>

#include "core/contexts.h"
#include "core/file_kind.h"
#include "files/outside_process.h"

namespace cr::files {

/// The process that such a file is of; nothing for all other files, and for those of a /proc that has other pids than
/// the engine's. Errors: what /proc shows can't be read.
Result<std::optional<OutsideProcess>> outside_owner(const DumpCtx& ctx, const FileProbe& probe);
/// In plan: whether it still lives. Errors: this is another system; it is gone, and the tree can't make a process
/// that plays the dead one, since it has pids of its own.
Result<bool> owner_lives(const PlanCtx& ctx, const OutsideProcess& owner, const std::string& object);

}  // namespace cr::files
