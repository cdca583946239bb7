// Pipes of which the kernel holds the end for writing: those by which autofs asks its daemon. `mnt` finds them, and
// learns from `files` who reads them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cr::core {

struct KernelPipe {
  std::string holder{};  ///< for errors: the mount

  // When the pipes have been looked at.
  std::vector<std::uint32_t> readers{}, writers{};  ///< FileIds of the tree
  bool has_data = false;
};

/// Dump. By inode number.
struct KernelPipes {
  std::map<std::uint64_t, KernelPipe> all{};
};

}  // namespace cr::core
