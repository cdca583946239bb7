// Checksums of whole files, by several threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cr::core {

/// An open file of which the first `length` bytes count; `name` is for errors.
struct FileToSum {
  int fd = -1;
  std::uint64_t length = 0;
  std::string name{};
};

/// CRC32C of each file, read by up to `threads` threads together (at least one; fewer when there is little to read or
/// a thread can't be made). Errors: pread(2), a file that is shorter.
Result<std::vector<std::uint32_t>> checksum_files(std::span<const FileToSum> files, unsigned threads);
/// Same for one file.
Result<std::uint32_t> checksum_file(int fd, std::uint64_t length, unsigned threads, const std::string& name);

/// How many threads suit this machine: the CPUs this process may use.
unsigned checksum_threads();

}  // namespace cr::core
