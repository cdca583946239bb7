// What other modules may see of the tasks' own state, and how the restorer's arguments about it are made.
#pragma once

#include "core/arena_builder.h"
#include "task/prctls.h"           // IWYU pragma: export
#include "task/regs.h"             // IWYU pragma: export
#include "task/resource_limits.h"  // IWYU pragma: export
#include "task/scheduling.h"       // IWYU pragma: export
#include "task/thread_state.h"     // IWYU pragma: export

namespace cr::task {

struct RestoreProcess;  // wire.h
struct RestoreThread;
/// What isn't known from the images is set to kUnset.
Result<> fill_process(const TaskCtx&, RestoreProcess&, ArenaBuilder&);
Result<> fill_thread(const TaskCtx&, std::size_t thread, RestoreThread&, ArenaBuilder&);

}  // namespace cr::task
