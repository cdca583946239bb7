// Which pages of a process hold content of their own: the ioctl PAGEMAP_SCAN (Linux 6.7), or pagemap entries before.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "mm/mm.h"

namespace cr::mm {

/// Page-aligned ranges, ascending. Those of adjacent mappings may be one.
struct FoundPages {
  std::vector<Range> own{};  ///< present or swapped, neither the zero page nor the page cache's: only the task has it
  std::vector<Range> guards{};  ///< MADV_GUARD_INSTALL markers (shown since 6.15)
};

/// Scans all mappings of a stopped process, which ascend, in one go. The cost is that of the page tables that exist,
/// not of the address range. Errors: open(2), ioctl(2), pread(2).
Result<FoundPages> scan_pages(HostPid pid, const std::vector<Vma>& vmas);

/// The parts of ascending ranges that lie in `in`.
std::vector<Range> parts_in(const std::vector<Range>& ranges, const Range& in);

}  // namespace cr::mm
