// Extended register state of s390x as ptrace shows it: up to three regsets, one behind the other. Freestanding apart
// from Xstate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cr::arch::s390x {

/// Raw bytes of NT_PRFPREG, and of NT_S390_VXRS_LOW and NT_S390_VXRS_HIGH on a CPU with vectors.
using Xstate = std::vector<std::byte>;

inline constexpr unsigned kFpRegset = 2, kLowRegset = 0x309, kHighRegset = 0x30a;
inline constexpr std::array<unsigned, 3> kXstateRegsets{kFpRegset, kLowRegset, kHighRegset};
inline constexpr bool kXstateIsAll = true;         ///< all of the regsets, or the first that there is
inline constexpr unsigned kShadowStackRegset = 0;  ///< there is no such thing

/// The area, whole.
struct Vectors {
  std::uint32_t fpc = 0, padding = 0;
  std::array<std::uint64_t, 16> fp{};    ///< F0 to F15: the first halves of V0 to V15
  std::array<std::uint64_t, 16> low{};   ///< the second halves
  std::array<std::uint64_t, 32> high{};  ///< V16 to V31
  friend bool operator==(const Vectors&, const Vectors&) = default;
};
inline constexpr std::size_t kMaxXstate = sizeof(Vectors);
inline constexpr std::size_t kFpBytes = offsetof(Vectors, low);  ///< all that a CPU without vectors has
static_assert(kFpBytes == 136 && sizeof(Vectors) == 136 + 128 + 256);

/// What the area lacks is zero.
inline Vectors vectors_of(const std::byte* area, std::size_t size) {
  Vectors v;
  std::memcpy(static_cast<void*>(&v), area, size < sizeof v ? size : sizeof v);
  return v;
}

}  // namespace cr::arch::s390x
