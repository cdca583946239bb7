// The local descriptor table of an address space: aarch64 has none.
#pragma once

#include <cstdint>
#include <span>

#include "base/sys_result.h"

namespace cr::arch::aarch64 {

inline constexpr std::uint64_t kLdtBytes = 0;
inline constexpr long kNrLdt = -1;

/// An image of another architecture is refused long before.
inline SysResult set_ldt(std::span<const std::uint64_t> descriptors) { return descriptors.empty() ? 0 : -22; }

}  // namespace cr::arch::aarch64
