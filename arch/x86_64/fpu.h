// Extended register state of x86_64: the XSAVE area in its non-compacted form. Freestanding apart from Xstate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cr::arch::x86_64 {

/// Raw bytes of the NT_X86_XSTATE regset (0x202), or of NT_PRFPREG (512) on a CPU without XSAVE.
using Xstate = std::vector<std::byte>;

/// NT_X86_XSTATE; where there is none NT_PRFPREG, the FXSAVE image.
inline constexpr std::array<unsigned, 2> kXstateRegsets{0x202, 2};
inline constexpr bool kXstateIsAll = false;            ///< all of the regsets, or the first that there is
inline constexpr unsigned kShadowStackRegset = 0x204;  ///< NT_X86_SHSTK: readable when the thread has one (6.6)
inline constexpr std::size_t kFxsaveSize = 512;        ///< legacy area
inline constexpr std::size_t kXfeaturesOffset = 464;   ///< sw_reserved: XCR0 as ptrace reports it
inline constexpr std::size_t kXstateBvOffset = 512;    ///< XSTATE_BV of the XSAVE header
inline constexpr std::size_t kMaxXstate = 16384;       ///< AMX needs 11008; room to spare

/// Feature mask (XCR0) that the area was saved with; 0 when it is a bare FXSAVE image.
inline std::uint64_t xfeatures(const std::byte* area, std::size_t size) {
  std::uint64_t v = 0;
  if (size > kFxsaveSize) std::memcpy(&v, area + kXfeaturesOffset, sizeof v);
  return v;
}

}  // namespace cr::arch::x86_64
