// How the coordinator and the restored tasks go through the stages of a restore together.
#pragma once

#include "base/restore_shared.h"
#include "base/result.h"
#include "core/contexts.h"

namespace cr::core {

/// Shared memory for `tasks` tasks, which leave when the calling thread ends before it has let them go. Errors:
/// mmap(2).
Result<SharedPage*> make_shared_page(std::size_t tasks);

/// In a task: tells the coordinator why the restore can't go on. The first caller wins.
void report_error(SharedPage&, const Error&);
/// In a task: says that it is done with the open stage.
void say_done(SharedPage&);
/// In a task: waits until `stage` is open. Leaves the process (_exit) when the restore was aborted
/// or the engine has died.
void await_stage(SharedPage&, Stage stage);

/// In the coordinator: opens a stage.
void open_stage(SharedPage&, Stage stage);
/// In the coordinator: waits until `count` have done the open stage. `check` is called now and then and gives an
/// error when it can't succeed any more. Errors: the one that a task reported; that of `check`.
Result<> await_done(SharedPage&, std::size_t count, Result<> (*check)(void*), void* argument);

}  // namespace cr::core
