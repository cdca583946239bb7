// A restored process between its fork and the restorer.
#pragma once

#include "base/restore_shared.h"
#include "base/result.h"
#include "core/contexts.h"
#include "engine/births.h"
#include "engine/restorer_args.h"
#include "mm/premap.h"

namespace cr::engine {

/// A live task: everything that is done with the C library still there, then the restorer. Returns only with an
/// error.
Result<> task_main(TaskCtx&, const Birth&, const mm::Premaps&);
/// In the stand-in of a task that shares the memory of another one (sharer.h): the same up to the restorer.
Result<> stand_in_main(TaskCtx&, const Birth&, const mm::Premaps&, RestorerArena);
/// A zombie: joins its group, waits for its time and dies as it had died.
[[noreturn]] void die_as_zombie(TaskCtx&, const Birth&);
/// A group helper: leads its group until everybody has joined.
[[noreturn]] void stand_in(SharedPage&, const Birth&);

}  // namespace cr::engine
