// How long it took and how much it was: the images stats-dump and stats-restore, and --display-stats.
#pragma once

#include <time.h>

#include <cstdint>
#include <string>

namespace cr::engine {

/// Measures one phase in microseconds.
class Stopwatch {
 public:
  Stopwatch() : start_ns_(now_ns()) {}
  /// Since it was made or restarted.
  std::uint32_t us() const { return static_cast<std::uint32_t>((now_ns() - start_ns_) / 1000); }
  void restart() { start_ns_ = now_ns(); }

 private:
  static std::int64_t now_ns() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
  }
  std::int64_t start_ns_;
};

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

/// What --display-stats prints, with a heading, a line per figure.
std::string stats_text(const DumpStats&);
std::string stats_text(const RestoreStats&);

}  // namespace cr::engine
