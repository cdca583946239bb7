// What core-<tid>.img keeps of a thread's registers on x86_64.
#pragma once

#include <array>
#include <cstdint>

#include "arch/x86_64/fpu_state.h"
#include "arch/x86_64/regs.h"

namespace cr::arch::x86_64 {

/// struct user_desc of one TLS slot in the GDT (set_thread_area(2)), entries 12 to 14.
struct TlsEntry {
  std::uint32_t entry_number = 0, base = 0, limit = 0, flags = kEmpty;
  /// seg_32bit:1 contents:2 read_exec_only:1 limit_in_pages:1 seg_not_present:1 useable:1 lm:1 from bit 0.
  static constexpr std::uint32_t kEmpty = 1u << 3 | 1u << 5;
  bool empty() const { return base == 0 && limit == 0 && (flags & 0x7f) == kEmpty; }
};
inline constexpr std::uint32_t kFirstTlsEntry = 12;

struct ThreadImage {
  Regs regs{};
  FpuState fpu{};
  std::array<TlsEntry, 3> tls{};
  std::uint64_t clear_tid_address = 0;
};

}  // namespace cr::arch::x86_64
