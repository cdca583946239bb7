// How much more memory the groups of a process let it take.
#include <fcntl.h>

#include <algorithm>

#include "base/format.h"
#include "cgroup/cgroup.h"
#include "cgroup/hierarchy.h"
#include "core/proc_text.h"

namespace cr::cgroup {
namespace {

struct Files {
  const char *limit, *used, *reclaimable;  ///< the last one is a key of memory.stat
};
constexpr Files kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};
constexpr Files kVersion2{"memory.max", "memory.current", "inactive_file "};

/// Nothing: there is no such file, or it says "max".
std::optional<std::uint64_t> number_in(int group, const char* file) {
  auto text = read_below(group, file);
  if (!text.ok()) return std::nullopt;
  const auto words = core::words(text.value());
  return words.empty() ? std::nullopt : core::number(words.front());
}

/// Of page cache that has not been used for a while.
std::uint64_t reclaimable(int group, const char* key) {
  auto text = read_below(group, "memory.stat");
  if (!text.ok()) return 0;
  const std::string lines = "\n" + text.value();
  const std::size_t at = lines.find(format("\n{}", key));
  if (at == lines.npos) return 0;
  const auto words = core::words(std::string_view(lines).substr(at, lines.find('\n', at + 1) - at));
  return words.size() < 2 ? 0 : core::number(words[1]).value_or(0);
}

std::optional<std::uint64_t> left_in(int group, const Files& files) {
  const auto limit = number_in(group, files.limit), used = number_in(group, files.used);
  if (!limit || !used) return std::nullopt;
  const std::uint64_t needed = *used - std::min(*used, reclaimable(group, files.reclaimable));
  return *limit - std::min(*limit, needed);
}

bool has_memory(const Member& m) {
  if (m.name.empty()) return true;
  const std::string names = "," + m.name + ",";
  return names.find(",memory,") != names.npos;
}

}  // namespace

Result<std::optional<std::uint64_t>> memory_left(HostPid pid) {
  std::optional<std::uint64_t> least;
  for (const Member& m : TRY(read_members(format("/proc/{}/cgroup", pid)))) {
    if (!has_memory(m)) continue;
    const UniqueFd root = TRY(open_hierarchy(m.name, ""));
    // Each group above it has a limit of its own.
    for (std::string path = m.path; path.size() > 1; path.resize(path.rfind('/'))) {
      const UniqueFd group = TRY(open_below(root.get(), path, O_RDONLY | O_DIRECTORY));
      const auto left = left_in(group.get(), m.name.empty() ? kVersion2 : kVersion1);
      if (left) least = std::min(least.value_or(*left), *left);
    }
  }
  return least;
}

}  // namespace cr::cgroup
