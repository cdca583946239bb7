// Checksums of whole files, by several threads.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace cr::core {

/// CRC32C of the first `length` bytes of the file open in `fd`, read by up to `threads` threads (at least one; fewer
/// when the file is small or a thread can't be made). `name` is for errors: pread(2), a file that is shorter.
Result<std::uint32_t> checksum_file(int fd, std::uint64_t length, unsigned threads, const std::string& name);

/// How many threads suit this machine: the CPUs this process may use.
unsigned checksum_threads();

}  // namespace cr::core
