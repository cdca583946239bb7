// Making the processes of the tree.
#pragma once

#include "base/result.h"
#include "core/contexts.h"
#include "engine/births.h"
#include "engine/fresh_space.h"

namespace cr::engine {

/// Forks the root, which forks its children, and so on; every process goes on in task_main(). Returns in the
/// coordinator only, with the pid namespace that was made for the tree, if one was. Errors: clone3(2); a pid that is
/// taken (by whom).
Result<FreshSpace> fork_tree(RestoreCtx&, const BirthPlan&);

}  // namespace cr::engine
