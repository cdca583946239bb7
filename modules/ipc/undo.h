// What a process would undo of its semaphore operations at its end (SEM_UNDO).
//
// No interface shows these numbers. That a process has a list of them at all, kcmp(2) tells, compared with a process
// that has none. Each number is then found by operations that the kernel must refuse: semop(2) checks its operations
// one after the other and takes all of them back when the last one can't be done (EAGAIN), but says ERANGE if
// the number would have left its range before. Nothing changes by that.
#pragma once

#include "ipc/ipc.h"

namespace cr::ipc {

/// Adds to `space.undo` what `task` has in its sets. Errors: threads or processes with lists of other kinds than
/// threads of one process make; the injection.
Result<> read_undo(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, Space& space);

/// In the restored task: makes what it would undo what it was, and it the one who changed those semaphores last that
/// it had changed last. Errors: semop(2).
Result<> restore_undo(const Space& space, NsPid task);

}  // namespace cr::ipc
