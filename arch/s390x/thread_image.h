// What core-<tid>.img keeps of a thread's registers on s390x.
#pragma once

#include <cstdint>

#include "arch/s390x/fpu_state.h"
#include "arch/s390x/regs.h"

namespace cr::arch::s390x {

struct ThreadImage {
  Regs regs{};
  FpuState fpu{};
  std::uint64_t clear_tid_address = 0;
};

}  // namespace cr::arch::s390x
