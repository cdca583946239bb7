// Bringing page contents from a pages file into memory of the calling process, by several threads. The file's
// checksum was verified before any process existed (engine/restore.cc); what is changed in it between then and now is
// taken as it is.
//
// Full 2 MiB extents become huge pages without any flag that stays at the mapping: they are read into a staging
// mapping that has MADV_HUGEPAGE and moved to their place as a whole by UFFDIO_MOVE (Linux 6.8). Measured for 1 GiB
// in one thread: 224 ms, against 900 ms with 4 KiB pages and 258 ms by MADV_COLLAPSE of 16 MiB at a time; of 2 MiB at
// a time 1793 ms, since each call waits for all CPUs (lru_add_drain_all).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cr::mm {

/// Bytes of the file for an address. The memory is mapped, private and writable.
struct FillExtent {
  std::uint64_t at = 0, size = 0, offset = 0;
  bool may_be_huge = false;  ///< anonymous, and neither asked for nor refused huge pages
};

/// Reads all extents from `file` (its name is for messages). Threads that it makes are gone when it returns.
/// `workers`: 0 is one per CPU, less for little. CRENGINE_PAGE_SINK=small in the environment forces 4 KiB pages (for
/// tests). Errors: read(2); EIO when the file is too short.
Result<> fill_pages(int file, const std::string& name, const std::vector<FillExtent>& extents, unsigned workers = 0);

}  // namespace cr::mm
