// Extended register state of s390x taken apart: what every CPU has, and what one with vectors has besides.
#pragma once

#include <string>

#include "arch/s390x/fpu.h"

namespace cr::arch::s390x {

struct FpuState {
  Vectors registers{};
  bool has_vectors = false;  ///< the CPU had them
};

/// Takes the raw area of this CPU apart.
FpuState split_xstate(const Xstate& area);
/// Makes `area`, which is the raw area of a thread of this CPU, the one that has `state`. Vectors that this CPU lacks
/// must not be needed (missing_xfeatures() tells).
void overlay_xstate(const FpuState& state, Xstate& area);
/// What `state` needs and this CPU or kernel has not, by name; empty when nothing.
std::string missing_xfeatures(const FpuState& state);

}  // namespace cr::arch::s390x
