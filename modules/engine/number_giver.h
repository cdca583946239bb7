// Numbers of processes and threads in pid namespaces in which their makers have no say: those of a user namespace
// below that of the tree (ns/child_user.h) may choose numbers only in what belongs to it (clone3(2), set_tid).
//
// Who makes one says so in the shared page and waits (restorer::Report::wish). The coordinator, who has the rights,
// sets in each of these namespaces which number is the next (/proc/sys/kernel/ns_last_pid). Somebody else may take it
// before: then the new one ends at once, and it is tried again.
#pragma once

#include <cstdint>
#include <vector>

#include "core/contexts.h"

namespace cr::engine {

/// The inits of the pid namespaces from that of the root down to the one of `space`.
std::vector<std::uint32_t> pid_spaces_of(const TaskTree&, TaskIndex space);
/// In the coordinator: grants what somebody wishes. Errors: setns(2), writing.
Result<> give_numbers(const RestoreCtx&);
/// In a process that has been made: whether its numbers are those. Errors: reading its status.
Result<bool> has_numbers(const RestoreCtx&, const std::vector<std::int32_t>& outermost_first);

}  // namespace cr::engine
