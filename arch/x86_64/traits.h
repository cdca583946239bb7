// x86_64 summed up for the concepts of arch/arch.h.
#pragma once

#include "arch/arch.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/restart.h"
#include "arch/x86_64/sigframe.h"

namespace cr::arch::x86_64 {

struct Traits {
  using Regs = x86_64::Regs;
  using Xstate = x86_64::Xstate;
  static constexpr const char* kName = "x86_64";
  static constexpr std::uint64_t kRedZone = x86_64::kRedZone;
  static constexpr std::uint64_t kPageSize = 4096;
  static constexpr bool kHasCompat = true;
  static constexpr int kProtectionKeys = 16;  ///< of an address space (pkeys(7)); 0: the architecture has none
  static constexpr auto ip = [](const Regs& r) { return x86_64::ip(r); };
  static constexpr auto sp = [](const Regs& r) { return x86_64::sp(r); };
  static constexpr auto syscall_nr = [](const Regs& r) { return x86_64::syscall_nr(r); };
  static constexpr auto return_value = [](const Regs& r) { return x86_64::return_value(r); };
  static constexpr auto is_compat = [](const Regs& r) { return x86_64::is_compat(r); };
  static constexpr auto for_sigreturn = [](const Regs& r) { return x86_64::for_sigreturn(r); };
  static constexpr auto rewound = [](const Regs& r) { return x86_64::rewound(r); };
  static constexpr auto at_entry = x86_64::at_entry;
  static constexpr auto at_sigreturn = x86_64::at_sigreturn;
  static constexpr auto instead_of_sigreturn = x86_64::instead_of_sigreturn;
  static constexpr auto sigframe_size = x86_64::sigframe_size;
};
static_assert(Arch<Traits> && HasSigframe<Traits> && HasCompat<Traits>);

}  // namespace cr::arch::x86_64
