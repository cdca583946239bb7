// Extended register state of aarch64 taken apart: what every CPU has, and what one with SVE has besides.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "arch/aarch64/fpu.h"

namespace cr::arch::aarch64 {

struct FpuState {
  Fpsimd fpsimd{};
  /// The whole regset as the kernel had it, header included, when the CPU had SVE: the vector length is the thread's
  /// own, even while none of its vector registers is live.
  std::vector<std::byte> sve{};
};

/// Takes the raw area of this CPU apart.
FpuState split_xstate(const Xstate& area);
/// Makes `area`, which is the raw area of a thread of this CPU, the one that has `state`. Vectors that this CPU lacks
/// must not be needed (missing_xfeatures() tells).
void overlay_xstate(const FpuState& state, Xstate& area);
/// What `state` needs and this CPU or kernel has not, by name; empty when nothing.
std::string missing_xfeatures(const FpuState& state);

}  // namespace cr::arch::aarch64
