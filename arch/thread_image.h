// Registers of a thread in core-<tid>.img: each architecture has its own message (core_entry.thread_info, ti_*).
#pragma once

#include "arch/host.h"
#include "base/result.h"

namespace cr::pb {
class core_entry;
}

namespace cr::arch {

/// Fills the architecture's part of the record.
void put_thread_image(const ThreadImage&, pb::core_entry&);
/// Takes it out. Errors: the record is of another architecture (both are named), or lacks a part.
Result<ThreadImage> get_thread_image(const pb::core_entry&);

}  // namespace cr::arch
