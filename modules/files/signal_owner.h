// Who gets SIGIO for a description: F_SETOWN(_EX), F_SETSIG, O_ASYNC; the same for all kinds.
// Shown by F_GETOWN_EX, F_GETSIG and F_GETOWNER_UIDS on a copy of the descriptor. Put back when all queues are
// filled, since filling them would send the signal; for an owner that is a thread other than a leader in `finish`,
// when threads exist.
#pragma once

#include "core/id_map.h"
#include "files/description.h"

namespace cr::files {

/// Reads the owner of the description behind `fd`. A pid of the tree is translated to its number in the tree's pid
/// namespace; another pid stays what it is here. `object` is for errors. Errors: fcntl(2).
Result<FileOwner> read_signal_owner(const DumpCtx& ctx, int fd, const std::string& object);

/// Whether the owner can't be set by that task: it is a thread that exists only after the restorer has run, or
/// outside of the task's pid namespace.
bool owner_is_late(const TaskTree& tree, const Task& setter, const FileOwner& owner);
/// With the owner's numbers in the namespaces of the calling task.
Description as_seen_by(const TaskCtx& setter, const Description& d);

/// In the coordinator: such an owner as the engine knows it.
HostPid host_of(const TaskTree& tree, const FileOwner& owner);

/// Sets owner, signal and O_ASYNC. Takes the ids of the one who had set it for a moment. Errors: fcntl(2),
/// setresuid(2).
Result<> set_signal_owner(int fd, const Description& d);

}  // namespace cr::files
