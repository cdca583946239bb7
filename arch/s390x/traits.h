// s390x summed up for the concepts of arch/arch.h.
#pragma once

#include "arch/arch.h"
#include "arch/s390x/fpu.h"
#include "arch/s390x/regs.h"
#include "arch/s390x/restart.h"
#include "arch/s390x/sigframe.h"

namespace cr::arch::s390x {

struct Traits {
  using Regs = s390x::Regs;
  using Xstate = s390x::Xstate;
  static constexpr const char* kName = "s390x";
  static constexpr std::uint64_t kRedZone = s390x::kRedZone;
  static constexpr std::uint64_t kPageSize = 4096;
  static constexpr bool kHasCompat = true;
  static constexpr int kProtectionKeys = 0;  ///< of an address space (pkeys(7)); 0: the architecture has none
  static constexpr auto ip = [](const Regs& r) { return s390x::ip(r); };
  static constexpr auto sp = [](const Regs& r) { return s390x::sp(r); };
  static constexpr auto syscall_nr = [](const Regs& r) { return s390x::syscall_nr(r); };
  static constexpr auto return_value = [](const Regs& r) { return s390x::return_value(r); };
  static constexpr auto is_compat = [](const Regs& r) { return s390x::is_compat(r); };
  static constexpr auto for_sigreturn = [](const Regs& r) { return s390x::for_sigreturn(r); };
  static constexpr auto rewound = [](const Regs& r) { return s390x::rewound(r); };
  static constexpr auto at_entry = s390x::at_entry;
  static constexpr auto at_sigreturn = s390x::at_sigreturn;
  static constexpr auto instead_of_sigreturn = s390x::instead_of_sigreturn;
  static constexpr auto sigframe_size = s390x::sigframe_size;
};
static_assert(Arch<Traits> && HasSigframe<Traits> && HasCompat<Traits>);

}  // namespace cr::arch::s390x
