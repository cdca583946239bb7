// Extended register state of aarch64 as ptrace shows it. Freestanding apart from Xstate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cr::arch::aarch64 {

/// Raw bytes of the NT_ARM_SVE regset, or of NT_PRFPREG (528) on a CPU without SVE.
using Xstate = std::vector<std::byte>;

inline constexpr unsigned kFpRegset = 2, kSveRegset = 0x405;  ///< NT_PRFPREG, NT_ARM_SVE
inline constexpr std::array<unsigned, 2> kXstateRegsets{kSveRegset, kFpRegset};
inline constexpr bool kXstateIsAll = false;            ///< all of the regsets, or the first that there is
inline constexpr unsigned kShadowStackRegset = 0x410;  ///< NT_ARM_GCS: its first word tells whether it is on (6.13)
inline constexpr std::size_t kMaxXstate = 8768;  ///< vectors of 256 bytes, the longest that the architecture has

/// struct user_fpsimd_state.
struct Fpsimd {
  std::array<std::uint64_t, 64> v{};  ///< V0 to V31, low half first
  std::uint32_t fpsr = 0, fpcr = 0;
  std::uint64_t reserved = 0;
  friend bool operator==(const Fpsimd&, const Fpsimd&) = default;
};
static_assert(sizeof(Fpsimd) == 528 && offsetof(Fpsimd, fpsr) == 512);

/// struct user_sve_header, ahead of what the regset holds: Fpsimd, or with kSveLive all Z and P registers.
struct SveHeader {
  std::uint32_t size = 0, max_size = 0;
  std::uint16_t vl = 0, max_vl = 0;  ///< bytes in a Z register
  std::uint16_t flags = 0, reserved = 0;
};
static_assert(sizeof(SveHeader) == 16);
inline constexpr std::uint16_t kSveLive = 1;  ///< SVE_PT_REGS_SVE

/// The header, when `area` is of NT_ARM_SVE; size 0 when it is not.
inline SveHeader sve_header(const std::byte* area, std::size_t size) {
  SveHeader h;
  if (size >= sizeof h && size != sizeof(Fpsimd)) std::memcpy(&h, area, sizeof h);
  return h;
}

/// How much of an area as ptrace gives it, which is as large as there could be, holds anything.
inline std::size_t used_xstate(const std::byte* area, std::size_t size) {
  const SveHeader h = sve_header(area, size);
  return h.size != 0 && h.size < size ? h.size : size;
}

/// Bytes of the registers themselves behind a header that has kSveLive: 32 Z, 16 P, FFR (asm/sve_context.h).
constexpr std::size_t sve_register_bytes(std::size_t vl) { return 32 * vl + 17 * (vl / 8); }
/// Where FPSR and FPCR lie in such an area (SVE_PT_SVE_FPSR_OFFSET).
constexpr std::size_t sve_fpsr_offset(std::size_t vl) {
  return (sizeof(SveHeader) + sve_register_bytes(vl) + 15) / 16 * 16;
}

/// V0 to V31 and the control registers, out of either kind of area.
inline Fpsimd fpsimd_of(const std::byte* area, std::size_t size) {
  Fpsimd f;
  const SveHeader h = sve_header(area, size);
  if (h.size == 0) {
    if (size >= sizeof f) std::memcpy(&f, area, sizeof f);
  } else if (!(h.flags & kSveLive)) {
    if (size >= sizeof h + sizeof f) std::memcpy(&f, area + sizeof h, sizeof f);
  } else if (size >= sve_fpsr_offset(h.vl) + 8) {
    for (std::size_t i = 0; i < 32; ++i) std::memcpy(&f.v[2 * i], area + sizeof h + i * h.vl, 16);
    std::memcpy(&f.fpsr, area + sve_fpsr_offset(h.vl), 8);
  }
  f.reserved = 0;
  return f;
}

}  // namespace cr::arch::aarch64
