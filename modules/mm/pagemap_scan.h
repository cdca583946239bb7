// Which pages of a range hold content of their own: the ioctl PAGEMAP_SCAN (Linux 6.7), or pagemap entries before.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "mm/mm.h"

namespace cr::mm {

/// What to look for in one mapping.
enum class PageWish {
  kOwnAnonymous,  ///< present or swapped, neither the zero page nor the page cache's: content that only the task has
  kGuard,         ///< MADV_GUARD_INSTALL markers (shown since 6.15)
};

/// Scans one process. The cost is that of the page tables that exist, not of the address range.
class PagemapScan {
 public:
  /// Opens /proc/PID/pagemap. Errors: open(2).
  static Result<PagemapScan> open(HostPid pid);

  /// Appends the page-aligned ranges inside `in` that are as wished. Errors: ioctl(2), pread(2).
  Result<> find(const Range& in, PageWish wish, std::vector<Range>& out);

 private:
  PagemapScan(UniqueFd fd, HostPid pid) : fd_(std::move(fd)), pid_(pid) {}
  Result<> find_by_entries(const Range& in, std::vector<Range>& out);

  UniqueFd fd_;
  HostPid pid_;
  bool has_ioctl_ = true;
  bool knows_guards_ = true;
};

}  // namespace cr::mm
