// Gets files onto the disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cr::core {

/// True when the directory open in `dirfd` lies in memory (tmpfs, ramfs), where there is nothing to wait for.
bool lies_in_memory(int dirfd);

/// Returns when the content of the files `names` in `dirfd`, `bytes` in all, is on the disk. The directory itself is
/// the caller's part. Errors: openat(2), fsync(2), syncfs(2).
Result<> sync_files(int dirfd, const std::vector<std::string>& names, std::uint64_t bytes);

}  // namespace cr::core
