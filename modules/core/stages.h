// How the coordinator and the restored tasks go through the stages of a restore together.
#pragma once

#include "base/restore_shared.h"
#include "base/result.h"
#include "base/sys_result.h"
#include "core/contexts.h"

namespace cr::core {

/// Shared memory for `tasks` tasks, which leave when the calling thread ends before it has let them go. Errors:
/// mmap(2).
Result<SharedPage*> make_shared_page(std::size_t tasks);

/// The pid of the calling process as the engine's /proc has it, which may belong to another pid namespace. A bare
/// system call. Returns -errno.
SysResult pid_in_proc(int proc_fd);
/// In a task: the name of its directory in that /proc.
std::string proc_name(const TaskCtx&);

/// In a task: tells the coordinator why the restore can't go on. The first caller wins.
void report_error(SharedPage&, const Error&);
/// In a task: says that it is done with the open stage.
void say_done(SharedPage&);
/// In a task: waits until `stage` is open. Leaves the process (_exit) when the restore was aborted
/// or the engine has died.
void await_stage(SharedPage&, Stage stage);

/// In a task: waits until another one has set `word` to `value`, by looking now and then. Leaves the process as
/// await_stage() does.
void await_value(SharedPage&, const std::atomic<std::uint32_t>& word, std::uint32_t value);

/// In a task: lets others go on for a moment. Leaves the process as await_stage() does.
void pause_for_others(SharedPage&);

/// In the coordinator: opens a stage.
void open_stage(SharedPage&, Stage stage);
/// In the coordinator: waits until `count` have done the open stage. `check` is called now and then and gives an
/// error when it can't succeed any more. Errors: the one that a task reported; that of `check`.
Result<> await_done(SharedPage&, std::size_t count, Result<> (*check)(void*), void* argument);

}  // namespace cr::core
