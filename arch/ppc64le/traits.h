// ppc64le summed up for the concepts of arch/arch.h.
#pragma once

#include "arch/arch.h"
#include "arch/ppc64le/fpu.h"
#include "arch/ppc64le/regs.h"
#include "arch/ppc64le/restart.h"
#include "arch/ppc64le/sigframe.h"

namespace cr::arch::ppc64le {

struct Traits {
  using Regs = ppc64le::Regs;
  using Xstate = ppc64le::Xstate;
  static constexpr const char* kName = "ppc64le";
  static constexpr std::uint64_t kRedZone = ppc64le::kRedZone;
  static constexpr std::uint64_t kPageSize = 4096;
  static constexpr bool kHasCompat = true;
  static constexpr int kProtectionKeys = 0;  ///< of an address space (pkeys(7)); 0: the architecture has none
  static constexpr auto ip = [](const Regs& r) { return ppc64le::ip(r); };
  static constexpr auto sp = [](const Regs& r) { return ppc64le::sp(r); };
  static constexpr auto syscall_nr = [](const Regs& r) { return ppc64le::syscall_nr(r); };
  static constexpr auto return_value = [](const Regs& r) { return ppc64le::return_value(r); };
  static constexpr auto is_compat = [](const Regs& r) { return ppc64le::is_compat(r); };
  static constexpr auto for_sigreturn = [](const Regs& r) { return ppc64le::for_sigreturn(r); };
  static constexpr auto rewound = [](const Regs& r) { return ppc64le::rewound(r); };
  static constexpr auto at_entry = ppc64le::at_entry;
  static constexpr auto at_sigreturn = ppc64le::at_sigreturn;
  static constexpr auto instead_of_sigreturn = ppc64le::instead_of_sigreturn;
  static constexpr auto sigframe_size = ppc64le::sigframe_size;
};
static_assert(Arch<Traits> && HasSigframe<Traits> && HasCompat<Traits>);

}  // namespace cr::arch::ppc64le
