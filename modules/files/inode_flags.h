// What chattr(1) sets of a file that is made again.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace cr::files {

/// Those flags of FS_IOC_GETFLAGS that are the program's choice, of a regular file or directory; 0 where the file
/// system has none. `fd` may be O_PATH. Errors: open(2); the file is append-only or immutable, which would forbid to
/// make it again.
Result<std::uint32_t> read_inode_flags(int fd, const std::string& object);
/// Errors: open(2), ioctl(2).
Result<> set_inode_flags(int fd, std::uint32_t flags, const std::string& object);

}  // namespace cr::files
