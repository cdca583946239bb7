// Making a file without a path reachable again: a name appears for a moment, a descriptor is opened, the name goes.
#pragma once

#include <string>

#include "core/contexts.h"
#include "files/regular.h"

namespace cr::files {

/// Creates the inode of a deleted file with content and attributes, at `wanted` when that name is free (so that
/// /proc/PID/fd shows it again), else at a name next to it, and removes the name. Directories on the way that are
/// gone are made and removed again. Returns an O_PATH descriptor. Errors: the file system refuses.
Result<UniqueFd> make_ghost_again(const core::ImageReaderDir& images, std::uint32_t id, const Ghost& ghost,
                                  const std::string& wanted);
/// Makes a nameless file in the directory of `wanted` by O_TMPFILE, with `flags`. Nothing is returned where the file
/// system can't. Errors: filling it.
Result<UniqueFd> make_tmpfile_again(const core::ImageReaderDir& images, std::uint32_t id, const Ghost& ghost,
                                    const std::string& wanted, std::uint32_t flags);
/// An O_PATH descriptor of the file at `link` that shows `wanted` as its deleted name when that name is free.
Result<UniqueFd> open_under_lost_name(const std::string& link, const std::string& wanted);

}  // namespace cr::files
