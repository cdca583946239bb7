// Where in the target the signal frame may lie: in memory that the program does not use at the moment and that was
// not mapped for the purpose, because the frame has to be there before the first system call.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "infect/target_maps.h"

namespace cr::infect {

/// Address for `need` bytes, 64-aligned. In order of preference: below the red zone when `sp` is in [stack]; the
/// lowest pages of [stack] when they have never been touched (/proc/PID/pagemap); below the red zone in whatever
/// private writable mapping `sp` is in. The last may hold other coroutines' stacks, whose bytes the session saves and
/// puts back like all others; only the engine's death would leave them overwritten.
Result<std::uint64_t> choose_frame_place(HostPid pid, const std::vector<TargetMapping>& maps, std::uint64_t sp,
                                         std::size_t need);

}  // namespace cr::infect
