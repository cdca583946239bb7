// What a dump and a restore count, for stats-dump, stats-restore and --display-stats.
#pragma once

#include <cstdint>

namespace cr {

/// Times in microseconds, amounts in pages. Names follow stats.dump_stats_entry.
struct DumpStats {
  std::uint32_t freezing_us = 0;  ///< from the first look at the tree until all of it stands still
  std::uint32_t frozen_us = 0;    ///< how long it stood still
  std::uint32_t memdump_us = 0;   ///< taking pages from the tasks
  std::uint32_t memwrite_us = 0;  ///< writing them
  std::uint64_t pages_scanned = 0;
  std::uint64_t pages_skipped_parent = 0;  ///< the parent image set has them
  std::uint64_t pages_written = 0;
  std::uint64_t pages_lazy = 0;
  std::uint64_t page_pipes = 0;       ///< pipes that pages went through, always 0 when none are used
  std::uint64_t page_pipe_bufs = 0;   ///< their buffers
  std::uint64_t shpages_scanned = 0;  ///< of shared memory, not counted above
  std::uint64_t shpages_skipped_parent = 0;
  std::uint64_t shpages_written = 0;
};

/// Names follow stats.restore_stats_entry.
struct RestoreStats {
  std::uint32_t forking_us = 0;         ///< from the start until the last task exists
  std::uint32_t restore_us = 0;         ///< from the start until the tree runs
  std::uint64_t pages_compared = 0;     ///< with those of a parent task
  std::uint64_t pages_skipped_cow = 0;  ///< found equal and left shared
  std::uint64_t pages_restored = 0;
};

}  // namespace cr
