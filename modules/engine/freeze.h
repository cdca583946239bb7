// Bringing the whole tree to a stop.
#pragma once

#include "base/result.h"
#include "core/contexts.h"

namespace cr::engine {

/// Seizes every process below ctx.opt.pid, until a look around finds no new one, and fills ctx.tree and ctx.seized.
/// Returning an error thaws what was seized. Errors: as SeizedTask::seize, for any of the tree.
Result<> seize_tree(DumpCtx& ctx);

}  // namespace cr::engine
