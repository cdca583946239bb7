// Code that stands in an old vdso at the entry of a function, so that the restoring kernel's own is run instead.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cr::arch::s390x {

struct VdsoPatch {
  std::array<std::uint8_t, 16> code{};
  std::uint32_t size = 0;  ///< of `code`, bytes
};

/// llihf %r1, high half; iilf %r1, low half; br %r1. The calling convention leaves r1 to such detours.
inline VdsoPatch vdso_jump(std::uint64_t target) {
  const auto byte = [target](unsigned n) { return static_cast<std::uint8_t>(target >> 8 * n); };
  return {
      {0xc0, 0x1e, byte(7), byte(6), byte(5), byte(4), 0xc0, 0x19, byte(3), byte(2), byte(1), byte(0), 0x07, 0xf1},
      14};
}

/// lghi %r1, nr; svc 0; br %r14: for functions that take what the system call takes.
inline VdsoPatch vdso_syscall(std::int32_t nr) {
  return {{0xa7, 0x19, static_cast<std::uint8_t>(nr >> 8), static_cast<std::uint8_t>(nr), 0x0a, 0x00, 0x07, 0xfe}, 8};
}

/// Functions that every kernel has alike, and that are too short for a jump: a single system call each.
inline bool vdso_keeps(std::string_view name) {
  return name == "__kernel_rt_sigreturn" || name == "__kernel_sigreturn" || name == "__kernel_restart_syscall";
}

/// The system call that does the same as a function of the vdso, for a kernel whose vdso lacks it.
/// __kernel_getrandom's further arguments (its opaque state) only make it faster.
inline std::optional<std::int32_t> vdso_syscall_of(std::string_view name) {
  struct Row {
    std::string_view name;
    std::int32_t nr;
  };
  constexpr Row kRows[] = {{"__kernel_gettimeofday", 78},
                           {"__kernel_clock_gettime", 260},
                           {"__kernel_clock_getres", 261},
                           {"__kernel_getcpu", 311},
                           {"__kernel_getrandom", 349}};
  for (const Row& row : kRows)
    if (row.name == name) return row.nr;
  return std::nullopt;
}

}  // namespace cr::arch::s390x
