// The few mappings of a target that injection needs to know: where code is, where a stack is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr::infect {

/// One line of /proc/PID/maps.
struct TargetMapping {
  std::uint64_t start = 0, end = 0, offset = 0;
  std::uint64_t device = 0, inode = 0;  ///< identity of the file; inode 0: none
  bool readable = false, writable = false, executable = false, shared = false;
  std::string name;

  bool contains(std::uint64_t address) const { return start <= address && address < end; }
};

/// Parses the text of /proc/PID/maps; lines it does not understand are left out.
std::vector<TargetMapping> parse_maps(std::string_view text);
/// Reads /proc/PID/maps. Errors: open(2), read(2).
Result<std::vector<TargetMapping>> read_maps(HostPid pid);

const TargetMapping* mapping_at(const std::vector<TargetMapping>& maps, std::uint64_t address);

}  // namespace cr::infect
