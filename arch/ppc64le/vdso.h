// Code that stands in an old vdso at the entry of a function, so that the restoring kernel's own is run instead.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace cr::arch::ppc64le {

struct VdsoPatch {
  std::array<std::uint8_t, 24> code{};
  std::uint32_t size = 0;  ///< of `code`, bytes
};

inline VdsoPatch vdso_patch(std::span<const std::uint32_t> instructions) {
  VdsoPatch p;
  for (std::size_t i = 0; i < instructions.size(); ++i)
    for (unsigned byte = 0; byte < 4; ++byte)
      p.code[4 * i + byte] = static_cast<std::uint8_t>(instructions[i] >> 8 * byte);
  p.size = static_cast<std::uint32_t>(instructions.size_bytes());
  return p;
}

/// r12 = target, in 47 bits: where the kernel puts its pages; mtctr r12; bctr. A callee may expect both there.
inline VdsoPatch vdso_jump(std::uint64_t target) {
  const auto part = [target](unsigned shift) { return static_cast<std::uint32_t>(target >> shift & 0xffff); };
  const std::uint32_t code[] = {0x39800000 | part(32),  // li r12, bits 32 to 46
                                0x798c07c6,             // sldi r12, r12, 32
                                0x658c0000 | part(16),  // oris
                                0x618c0000 | part(0),   // ori
                                0x7d8903a6,
                                0x4e800420};
  return vdso_patch(code);
}

/// li r0, nr; sc; blr: for functions that take what the system call takes. Errors are told alike, by CR0.SO.
inline VdsoPatch vdso_syscall(std::int32_t nr) {
  const std::uint32_t code[] = {0x38000000 | static_cast<std::uint32_t>(nr), 0x44000002, 0x4e800020};
  return vdso_patch(code);
}

/// Functions that every kernel has alike, and that may be too short for a jump: what handlers return to.
inline bool vdso_keeps(std::string_view name) {
  return name == "__kernel_sigtramp_rt64" || name == "__kernel_start_sigtramp_rt64";
}

/// The system call that does the same as a function of the vdso, for a kernel whose vdso lacks it.
/// __kernel_getrandom's further arguments (its opaque state) only make it faster.
inline std::optional<std::int32_t> vdso_syscall_of(std::string_view name) {
  struct Row {
    std::string_view name;
    std::int32_t nr;
  };
  constexpr Row kRows[] = {{"__kernel_gettimeofday", 78},  {"__kernel_clock_gettime", 246},
                           {"__kernel_clock_getres", 247}, {"__kernel_time", 13},
                           {"__kernel_getcpu", 302},       {"__kernel_getrandom", 359}};
  for (const Row& row : kRows)
    if (row.name == name) return row.nr;
  return std::nullopt;
}

}  // namespace cr::arch::ppc64le
