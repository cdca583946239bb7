// aarch64 summed up for the concepts of arch/arch.h.
#pragma once

#include "arch/aarch64/fpu.h"
#include "arch/aarch64/regs.h"
#include "arch/aarch64/restart.h"
#include "arch/aarch64/sigframe.h"
#include "arch/arch.h"

namespace cr::arch::aarch64 {

struct Traits {
  using Regs = aarch64::Regs;
  using Xstate = aarch64::Xstate;
  static constexpr const char* kName = "aarch64";
  static constexpr std::uint64_t kRedZone = aarch64::kRedZone;
  static constexpr std::uint64_t kPageSize = 4096;
  static constexpr bool kHasCompat = true;
  static constexpr int kProtectionKeys = 0;  ///< of an address space (pkeys(7)); 0: the architecture has none
  static constexpr auto ip = [](const Regs& r) { return aarch64::ip(r); };
  static constexpr auto sp = [](const Regs& r) { return aarch64::sp(r); };
  static constexpr auto syscall_nr = [](const Regs& r) { return aarch64::syscall_nr(r); };
  static constexpr auto return_value = [](const Regs& r) { return aarch64::return_value(r); };
  static constexpr auto is_compat = [](const Regs& r) { return aarch64::is_compat(r); };
  static constexpr auto for_sigreturn = [](const Regs& r) { return aarch64::for_sigreturn(r); };
  static constexpr auto rewound = [](const Regs& r) { return aarch64::rewound(r); };
  static constexpr auto at_entry = aarch64::at_entry;
  static constexpr auto at_sigreturn = aarch64::at_sigreturn;
  static constexpr auto instead_of_sigreturn = aarch64::instead_of_sigreturn;
  static constexpr auto used_xstate = aarch64::used_xstate;
  static constexpr auto sigframe_size = aarch64::sigframe_size;
};
static_assert(Arch<Traits> && HasSigframe<Traits> && HasCompat<Traits>);

}  // namespace cr::arch::aarch64
