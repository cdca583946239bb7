// What core-<tid>.img keeps of a thread's registers on ppc64le.
#pragma once

#include <cstdint>

#include "arch/ppc64le/fpu_state.h"
#include "arch/ppc64le/regs.h"

namespace cr::arch::ppc64le {

struct ThreadImage {
  Regs regs{};
  FpuState fpu{};
  std::uint64_t tar = 0;   ///< a branch target that programs keep
  std::uint64_t dscr = 0;  ///< how the CPU reads ahead
  std::uint64_t clear_tid_address = 0;
};

}  // namespace cr::arch::ppc64le
