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
  std::uint64_t birth_stack = 0;  ///< lowest address of kBirthStack bytes that only a sharer uses (sharer.h)
};
inline constexpr std::uint64_t kBirthStack = mm::kParkSize;  // a sharer has no vdso to park

/// Maps the arena of a task into the memory of the caller, with the blob in it. `shared`: the arguments can be
/// composed by a fork of the caller. Errors: mmap(2).
Result<RestorerArena> map_arena(const RestoreCtx&, const Task&, bool shared);

/// Fills the arena. Errors: those of the modules.
Result<> compose_arguments(TaskCtx&, const mm::Premaps&, const RestorerArena&);

}  // namespace cr::engine
