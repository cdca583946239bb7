// Extended register state of ppc64le taken apart. Every CPU that runs this ABI has all of it.
#pragma once

#include <string>

#include "arch/ppc64le/fpu.h"

namespace cr::arch::ppc64le {

using FpuState = Vectors;

/// Takes the raw area of this CPU apart.
FpuState split_xstate(const Xstate& area);
/// Makes `area`, which is the raw area of a thread of this CPU, the one that has `state`.
void overlay_xstate(const FpuState& state, Xstate& area);
/// What `state` needs and this CPU or kernel has not, by name; empty when nothing.
inline std::string missing_xfeatures(const FpuState&) { return {}; }

}  // namespace cr::arch::ppc64le
