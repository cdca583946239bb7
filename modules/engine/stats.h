// How long it took and how much it was: the images stats-dump and stats-restore, and --display-stats.
#pragma once

#include <time.h>

#include <cstdint>
#include <string>

#include "core/stats.h"

#include "base/result.h"

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

/// What --display-stats prints, with a heading, a line per figure.
std::string stats_text(const DumpStats&);
std::string stats_text(const RestoreStats&);

/// Writes stats-dump or stats-restore into the work directory in place of an earlier one. Errors: those of
/// ImageWriter.
Result<> write_stats(const std::string& work_dir, const DumpStats&);
Result<> write_stats(const std::string& work_dir, const RestoreStats&);

}  // namespace cr::engine
