// What core-<tid>.img keeps of a thread's registers on aarch64.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "arch/aarch64/fpu_state.h"
#include "arch/aarch64/regs.h"

namespace cr::arch::aarch64 {

/// Keys that sign pointers, as NT_ARM_PACA_KEYS and NT_ARM_PACG_KEYS have them: A and B for instructions, A and B for
/// data, low half first; generic.
struct PacKeys {
  std::array<std::uint64_t, 8> address{};
  std::array<std::uint64_t, 2> generic{};
  std::uint64_t enabled = 0;  ///< NT_ARM_PAC_ENABLED_KEYS
  friend bool operator==(const PacKeys&, const PacKeys&) = default;
};

struct ThreadImage {
  Regs regs{};
  FpuState fpu{};
  std::uint64_t tls = 0;          ///< tpidr_el0
  std::optional<PacKeys> pac{};   ///< absent: the CPU had no pointer authentication
  std::uint64_t tagged_addr = 0;  ///< PR_SET_TAGGED_ADDR_CTRL
  std::uint64_t clear_tid_address = 0;
};

}  // namespace cr::arch::aarch64
