// Extended register state of ppc64le as ptrace shows it: three regsets, one behind the other. Freestanding apart from
// Xstate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cr::arch::ppc64le {

/// Raw bytes of NT_PRFPREG, NT_PPC_VMX and NT_PPC_VSX: the ABI has all three on every CPU.
using Xstate = std::vector<std::byte>;

inline constexpr unsigned kFpRegset = 2, kVmxRegset = 0x100, kVsxRegset = 0x102;
inline constexpr std::array<unsigned, 3> kXstateRegsets{kFpRegset, kVmxRegset, kVsxRegset};
inline constexpr bool kXstateIsAll = true;         ///< all of the regsets, or the first that there is
inline constexpr unsigned kShadowStackRegset = 0;  ///< there is no such thing

/// The area, whole.
struct Vectors {
  std::array<std::uint64_t, 33> fp{};       ///< F0 to F31, FPSCR: the first halves of the registers VS0 to VS31
  std::array<std::uint64_t, 66> altivec{};  ///< VR0 to VR31, VSCR: 16 bytes each
  std::uint32_t vrsave = 0, padding[3]{};
  std::array<std::uint64_t, 32> vsx{};  ///< the second halves of VS0 to VS31
  friend bool operator==(const Vectors&, const Vectors&) = default;
};
inline constexpr std::size_t kMaxXstate = sizeof(Vectors);
static_assert(sizeof(Vectors) == 264 + 544 + 256 && offsetof(Vectors, altivec) == 264 &&
              offsetof(Vectors, vsx) == 808);

inline Vectors vectors_of(const std::byte* area, std::size_t size) {
  Vectors v;
  if (size >= sizeof v) std::memcpy(&v, area, sizeof v);
  return v;
}

}  // namespace cr::arch::ppc64le
