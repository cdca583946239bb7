// The process tree itself: which tasks exist, their pids, groups, sessions and threads, and which kernel objects and
// namespaces they share.
//
// Shown by /proc/PID/status (NSpid, NSpgid, NSsid), /proc/PID/task/*/children, kcmp(2) and /proc/PID/ns; whether a
// stop was waited for by waitid(2) with WNOWAIT in the parent. Kept in pstree.img and ids-<pid>.img. Put back by
// engine/fork_tree (clone3 with set_tid). Refused: a session or group leader outside the tree (unless --shell-job),
// namespaces other than the engine's own.
#pragma once

#include "core/module.h"

namespace cr::task {

/// Fills pid, pgid, sid and their numbers in inner pid namespaces from /proc; `host` is set. `level` is the index of
/// the root's pid namespace in NSpid lines. Errors: the task is gone.
Result<> identify(Task&, std::size_t level);
/// The same for one of its threads.
Result<Thread> identify_thread(const Task&, HostPid tid, std::size_t level);
/// Finds out which task is the init of which pid namespace, from the ids of the namespaces and the numbers of the
/// tasks: sets Task::space of all. Errors: one whose init is not in the tree, and what no sequence of forks gives.
Result<> find_spaces(TaskTree&, const KobjModel&);
/// Dump: the same, and where the children of the tasks would live.
Result<> collect_spaces(DumpCtx&);

/// Restore: sets `host` of the threads of a task whose own is set. Errors: one of them is not there.
Result<> find_threads(Task&);

Result<> collect_tree(DumpCtx&);
/// Asks a parent of stopped tasks which stops it has been told of.
Result<> interrogate_tree(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> settle_tree(DumpCtx&);
Result<> write_tree(DumpCtx&);
/// Reads pstree.img into ctx.tree and the ids of its tasks; must run before every other module reads.
Result<> read_tree(ReadCtx&);

inline constexpr Module kTreeModule{.name = "tree",
                                    .collect = collect_tree,
                                    .interrogate = interrogate_tree,
                                    .settle = settle_tree,
                                    .write = write_tree};

}  // namespace cr::task
