// The process tree itself: which tasks exist, their pids, groups, sessions and threads, and which kernel objects and
// namespaces they share.
//
// Shown by /proc/PID/status (NSpid, NSpgid, NSsid), /proc/PID/task/*/children, kcmp(2) and /proc/PID/ns. Kept in
// pstree.img and ids-<pid>.img. Put back by engine/fork_tree (clone3 with set_tid).
// Refused: a session or group leader outside the tree (unless --shell-job), namespaces other than the engine's own.
#pragma once

#include "core/module.h"

namespace cr::task {

/// Fills pid, pgid, sid, state and threads of a task from /proc; `host` is set. `level` is the index of the root's
/// pid namespace in NSpid lines. Errors: the task is gone, or lives in a pid namespace below the root's.
Result<> identify(Task&, std::size_t level);
/// The number of thread `tid` of `pid` at that level.
Result<NsPid> ns_tid(HostPid pid, HostPid tid, std::size_t level);

Result<> collect_tree(DumpCtx&);
Result<> settle_tree(DumpCtx&);
Result<> write_tree(DumpCtx&);
/// Reads pstree.img into ctx.tree and the ids of its tasks; must run before every other module reads.
Result<> read_tree(ReadCtx&);

inline constexpr Module kTreeModule{
    .name = "tree", .collect = collect_tree, .settle = settle_tree, .write = write_tree, .read = nullptr};

}  // namespace cr::task
