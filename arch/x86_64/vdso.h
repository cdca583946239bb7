// Code that stands in an old vdso at the entry of a function, so that the restoring kernel's own is run instead.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace cr::arch::x86_64 {

struct VdsoPatch {
  std::array<std::uint8_t, 16> code{};
  std::uint32_t size = 0;  ///< of `code`, bytes
};

/// movabs $target,%r11; jmp *%r11. The calling convention lets nobody rely on r11 at a function's entry.
inline VdsoPatch vdso_jump(std::uint64_t target) {
  VdsoPatch p{{0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xff, 0xe3}, 13};
  std::memcpy(&p.code[2], &target, sizeof target);
  return p;
}

/// mov $nr,%eax; syscall; ret: for functions that take what the system call takes.
inline VdsoPatch vdso_syscall(std::int32_t nr) {
  VdsoPatch p{{0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3}, 8};
  std::memcpy(&p.code[1], &nr, sizeof nr);
  return p;
}

/// Functions that every kernel has alike, and that may be too short for a jump.
inline bool vdso_keeps(std::string_view) { return false; }

/// The system call that does the same as a function of the vdso, for a kernel whose vdso lacks it.
/// __vdso_getrandom's further arguments (its opaque state) only make it faster. Numbers: asm/unistd_64.h.
inline std::optional<std::int32_t> vdso_syscall_of(std::string_view name) {
  struct Row {
    std::string_view name;
    std::int32_t nr;
  };
  constexpr Row kRows[] = {{"__vdso_gettimeofday", 96},  {"__vdso_time", 201},   {"__vdso_clock_gettime", 228},
                           {"__vdso_clock_getres", 229}, {"__vdso_getcpu", 309}, {"__vdso_getrandom", 318}};
  for (const Row& row : kRows)
    if (row.name == name) return row.nr;
  return std::nullopt;
}

}  // namespace cr::arch::x86_64
