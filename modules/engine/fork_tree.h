// Making the processes of the tree.
#pragma once

#include "base/result.h"
#include "core/contexts.h"
#include "engine/births.h"

namespace cr::engine {

/// Forks the root, which forks its children, and so on; every process goes on in task_main(). Returns in the
/// coordinator only. Errors: clone3(2); a pid that is taken (by whom).
Result<> fork_tree(RestoreCtx&, const BirthPlan&);

}  // namespace cr::engine
