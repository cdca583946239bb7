// Which numbers of processes are free while a tree is made, and why one is not.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/result.h"
#include "core/contexts.h"
#include "core/sharing.h"

namespace cr::engine {

/// That `pid` is somebody else's, whose.
Error pid_taken(const RestoreCtx&, NsPid pid);

/// Whether who has `pid` will be gone in a moment, so that it is worth to wait. `here`: where the caller lives.
bool will_be_free(const RestoreCtx&, const KobjIds& here, NsPid pid);

/// One that no task of the tree has or waits for, in any of its pid namespaces.
std::int32_t first_free_pid(const TaskTree&);

/// New numbers in the pid namespace of the caller, which has just begun, will be none that its tasks have. Errors:
/// pid_namespaces(7), /proc/sys/kernel/ns_last_pid.
Result<> keep_numbers_free(const RestoreCtx&);

}  // namespace cr::engine
