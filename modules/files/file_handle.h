// File handles (name_to_handle_at): from a handle and a device back to a path.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::files {

/// Opens the file of a handle as O_PATH, on the file system `dev` (major << 20 | minor) as it is mounted for `pid`.
/// Errors: no such mount, open_by_handle_at(2) (ESTALE: the file is deleted).
Result<UniqueFd> open_handle(HostPid pid, std::uint32_t dev, std::uint32_t type, std::span<const std::uint8_t> handle,
                             const std::string& object);

}  // namespace cr::files
