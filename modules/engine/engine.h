// What a front end may ask of the engine: one function per command.
#pragma once

#include "base/result.h"
#include "core/options.h"

namespace cr::engine {

/// Writes the state of the tree below options.pid. On an error the tree runs on as if nothing had been asked.
Result<> dump(const Options&);
/// Rebuilds a tree. Gives the exit status to leave with: 0 when detached, otherwise the status of the root task.
Result<int> restore(const Options&);
/// Prints what this kernel can do; an error when something that every dump and restore needs is missing.
Result<> check(const Options&);

}  // namespace cr::engine
