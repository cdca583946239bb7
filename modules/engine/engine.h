// What a front end may ask of the engine: one function per command.
#pragma once

#include "base/result.h"
#include "core/options.h"

namespace cr::engine {

/// Writes the state of the tree below options.pid. On an error the tree runs on as if nothing had been asked.
Result<> dump(const Options&);
struct Restored {
  HostPid root;
  int status = 0;  ///< to leave with: 0 when detached, otherwise that of the root task, whose end was waited for
};
/// Rebuilds a tree.
Result<Restored> restore(const Options&);
/// Prints what this kernel can do; an error when something that every dump and restore needs is missing.
Result<> check(const Options&);

}  // namespace cr::engine
