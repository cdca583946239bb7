// The local descriptor table of an address space (modify_ldt(2)). Freestanding.
#pragma once

#include <cstdint>
#include <span>

#include "arch/x86_64/syscall.h"
#include "base/try.h"

namespace cr::arch::x86_64 {

inline constexpr std::uint64_t kLdtBytes =
    8192 * 8;                                    ///< LDT_ENTRIES * LDT_ENTRY_SIZE; 0 where there is no such table
inline constexpr long kNrLdt = __NR_modify_ldt;  ///< reads it with the function code 0

/// struct user_desc.
struct LdtEntry {
  std::uint32_t number, base, limit, flags;
};

/// The call that makes entry `number` from a descriptor as the CPU has it (Intel SDM volume 3, figure 3-8), which is
/// how the kernel shows the table. The kernel sets the accessed bit in all of them.
constexpr LdtEntry ldt_entry(std::uint32_t number, std::uint64_t d) {
  auto bits = [d](int at, int n) { return static_cast<std::uint32_t>(d >> at & ((1ull << n) - 1)); };
  return {number, bits(16, 24) | bits(56, 8) << 24, bits(0, 16) | bits(48, 4) << 16,
          bits(54, 1)                   // seg_32bit
              | bits(42, 2) << 1        // contents
              | (bits(41, 1) ^ 1) << 3  // read_exec_only
              | bits(55, 1) << 4        // limit_in_pages
              | (bits(47, 1) ^ 1) << 5  // seg_not_present
              | bits(52, 1) << 6};      // useable
}

/// Of the calling process. The kernel returns 32 bits, zero extended.
inline SysResult set_ldt_entry(const LdtEntry& e) {
  constexpr long kWrite = 0x11;
  return static_cast<std::int32_t>(sys::call(kNrLdt, kWrite, &e, sizeof e).raw());
}

/// All entries of the calling process, from number 0 on.
inline SysResult set_ldt(std::span<const std::uint64_t> descriptors) {
  std::uint32_t number = 0;
  for (std::uint64_t descriptor : descriptors) {
    if (descriptor != 0) TRY(set_ldt_entry(ldt_entry(number, descriptor)));
    ++number;
  }
  return 0;
}

}  // namespace cr::arch::x86_64
