// Composing what the restorer blob is told.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "core/contexts.h"
#include "mm/premap.h"

namespace cr::engine {

/// The memory that the restorer runs in: blob, arguments, stacks, a place to park the vdso, a second view of the page
/// shared with the coordinator. One mapping area, so that one munmap(2) ends it.
struct RestorerArena {
  std::uint64_t base = 0, size = 0;
  std::uint64_t entry = 0, stack = 0, args = 0;
};

/// Makes and fills the arena of the calling task. Errors: mmap(2), and those of the modules.
Result<RestorerArena> compose_arguments(TaskCtx&, const mm::Premaps&, std::pair<const char*, const char*> blob);

}  // namespace cr::engine
