#include "infect/frame_place.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "arch/host.h"
#include "base/format.h"
#include "base/page_size.h"
#include "base/unique_fd.h"

namespace cr::infect {
namespace {

bool writable(const TargetMapping& m) { return m.writable && m.readable && !m.shared; }

/// The place below the red zone of `sp`, 0 when the mapping has no room for it.
std::uint64_t below(const TargetMapping& m, std::uint64_t sp, std::size_t need) {
  if (sp < m.start + arch::kRedZone + need + 64) return 0;
  return (sp - arch::kRedZone - need) & ~63ull;
}

/// Neither present nor swapped: nobody has written there.
bool untouched(HostPid pid, std::uint64_t start, std::size_t pages) {
  constexpr std::uint64_t kPresentOrSwapped = 3ull << 62;
  UniqueFd fd{::open(format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC)};
  std::vector<std::uint64_t> entries(pages);
  const auto bytes = static_cast<ssize_t>(pages * sizeof(std::uint64_t));
  if (!fd || pread(fd.get(), entries.data(), pages * sizeof(std::uint64_t),
                   static_cast<off_t>(start / page_size() * sizeof(std::uint64_t))) != bytes)
    return false;
  return std::all_of(entries.begin(), entries.end(), [](std::uint64_t e) { return (e & kPresentOrSwapped) == 0; });
}

}  // namespace

Result<std::uint64_t> choose_frame_place(HostPid pid, const std::vector<TargetMapping>& maps, std::uint64_t sp,
                                         std::size_t need) {
  const auto stack = std::find_if(maps.begin(), maps.end(), [](const auto& m) { return m.name == "[stack]"; });
  const bool usable = stack != maps.end() && writable(*stack);
  if (usable && stack->contains(sp))
    if (const std::uint64_t at = below(*stack, sp, need)) return at;
  const std::size_t pages = whole_pages(need) / page_size();
  if (usable && stack->end - stack->start >= (pages + 1) * page_size() && untouched(pid, stack->start, pages))
    return stack->start;
  if (const TargetMapping* own = mapping_at(maps, sp); own != nullptr && writable(*own))
    if (const std::uint64_t at = below(*own, sp, need)) return at;
  return Error{"infect", "find room for a signal frame in", format("pid {}", pid), ENOSPC,
               "neither its main stack nor the one it runs on has free space"};
}

}  // namespace cr::infect
