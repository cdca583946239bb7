// Private memory of a restored task, made and filled before its children are forked: at its final place where that is
// free in the engine's program, in a gap otherwise, from where the restorer moves it.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/host.h"
#include "core/arena_builder.h"
#include "core/contexts.h"
#include "mm/mm.h"
#include "mm/wire.h"

namespace cr::mm {

/// Where one private mapping is, or waits.
struct Premap {
  std::uint64_t at = 0;
  const Vma* vma = nullptr;  ///< the mapping of the task that it will become
};

/// The premapped regions of a task, ascending by vma->start. A child has those of its parent too, by fork.
using Premaps = std::vector<Premap>;

/// Whether a mapping can be a premap: the rest is mapped at its place by the restorer, with its few pages if it has
/// any.
bool can_premap(const Vma&);
/// Whether a child's mapping can be its copy of a parent's.
bool same_mapping(const Vma&, const Vma&);

/// Makes the private mappings of the task that have content and fills them from the images. Where the parent has the
/// same mapping, the child's copy of it is used and only pages that differ are written, so that the others stay
/// shared. Runs before the task's own children are forked.
Result<Premaps> premap(TaskCtx&, const Premaps& of_parent);

/// Where gaps are looked for: the low part is left to programs that need it, and the top to stacks and the kernel's
/// own pages. What 32-bit code has pointers to lies in the low part.
inline constexpr Range kUsualGaps{1ull << 32, 0x7ff000000000ull}, kCompatGaps{16 << 20, arch::kCompatEnd};

/// The lowest 2 MiB aligned address with `size` free bytes: used neither by any task of the tree nor by the caller.
Result<std::uint64_t> find_gap(const RestoreCtx&, std::uint64_t size, Range within = kUsualGaps);

/// Composes what the restorer needs to bring the address space to its final shape. `keep` are further ranges that
/// must survive until the end. `park` has room for the kernel's own pages (vdso, vvar) while all else is unmapped.
Result<> fill_process(TaskCtx&, const Premaps&, std::vector<Keep> keep, std::uint64_t park, RestoreSpace&,
                      ArenaBuilder&);

/// Room to reserve for `park`, bytes.
inline constexpr std::uint64_t kParkSize = 1 << 20;

}  // namespace cr::mm
