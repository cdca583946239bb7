// Code that stands in an old vdso at the entry of a function, so that the restoring kernel's own is run instead.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace cr::arch::aarch64 {

struct VdsoPatch {
  std::array<std::uint8_t, 16> code{};
  std::uint32_t size = 0;  ///< of `code`, bytes
};

inline VdsoPatch vdso_patch(std::span<const std::uint32_t> instructions) {
  VdsoPatch p;
  std::memcpy(p.code.data(), instructions.data(), instructions.size_bytes());
  p.size = static_cast<std::uint32_t>(instructions.size_bytes());
  return p;
}

/// ldr x16, .+8; br x16; and the target. The calling convention gives x16 to such detours.
inline VdsoPatch vdso_jump(std::uint64_t target) {
  const std::uint32_t code[] = {0x58000050, 0xd61f0200, static_cast<std::uint32_t>(target),
                                static_cast<std::uint32_t>(target >> 32)};
  return vdso_patch(code);
}

/// mov x8, #nr; svc #0; ret: for functions that take what the system call takes.
inline VdsoPatch vdso_syscall(std::int32_t nr) {
  const std::uint32_t code[] = {0xd2800008 | static_cast<std::uint32_t>(nr) << 5, 0xd4000001, 0xd65f03c0};
  return vdso_patch(code);
}

/// Functions that every kernel has alike, and that may be too short for a jump: what handlers return to.
inline bool vdso_keeps(std::string_view name) { return name == "__kernel_rt_sigreturn"; }

/// The system call that does the same as a function of the vdso, for a kernel whose vdso lacks it.
/// __kernel_getrandom's further arguments (its opaque state) only make it faster. Numbers: asm-generic/unistd.h.
inline std::optional<std::int32_t> vdso_syscall_of(std::string_view name) {
  struct Row {
    std::string_view name;
    std::int32_t nr;
  };
  constexpr Row kRows[] = {{"__kernel_gettimeofday", 169},
                           {"__kernel_clock_gettime", 113},
                           {"__kernel_clock_getres", 114},
                           {"__kernel_getrandom", 278}};
  for (const Row& row : kRows)
    if (row.name == name) return row.nr;
  return std::nullopt;
}

}  // namespace cr::arch::aarch64
