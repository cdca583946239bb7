#include "engine/stats.h"

#include <string_view>

#include "base/format.h"

namespace cr::engine {
namespace {

std::string time_line(std::string_view name, std::uint32_t us) { return format("  {:<34}{:>12} us\n", name, us); }
std::string count_line(std::string_view name, std::uint64_t n) { return format("  {:<34}{:>12}\n", name, n); }

}  // namespace

std::string stats_text(const DumpStats& s) {
  return "Dump statistics:\n" + time_line("freezing", s.freezing_us) + time_line("frozen", s.frozen_us) +
         time_line("taking memory", s.memdump_us) + time_line("writing memory", s.memwrite_us) +
         count_line("pages scanned", s.pages_scanned) +
         count_line("pages skipped, in the parent", s.pages_skipped_parent) +
         count_line("pages written", s.pages_written) + count_line("pages left for later", s.pages_lazy) +
         count_line("shared pages scanned", s.shpages_scanned) +
         count_line("shared pages skipped, in the parent", s.shpages_skipped_parent) +
         count_line("shared pages written", s.shpages_written);
}

std::string stats_text(const RestoreStats& s) {
  return "Restore statistics:\n" + time_line("forking", s.forking_us) + time_line("restoring", s.restore_us) +
         count_line("pages compared", s.pages_compared) +
         count_line("pages left shared copy-on-write", s.pages_skipped_cow) +
         count_line("pages restored", s.pages_restored);
}

}  // namespace cr::engine
