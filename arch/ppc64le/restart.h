// What the kernel does with a system call that a stop interrupted, and how to undo what a program must not see.
// Freestanding; compiles on every host.
#pragma once

#include <cstdint>

#include "arch/ppc64le/regs.h"
#include "arch/restart_kind.h"

namespace cr::arch::ppc64le {

/// ptrace shows what call a stopped thread is in. (Where it does not, note_interrupted() has to tell.)
inline constexpr bool kHidesCalls = false;
constexpr void note_interrupted(Regs&, const SleepingCall&, std::uint32_t, std::uint32_t) {}

constexpr RestartKind restart_kind(const Regs& r) {
  return syscall_nr(r) < 0 ? RestartKind::kNone : restart_kind_of(return_value(r));
}

/// Registers that run the interrupted call again from its start, all arguments as they were.
constexpr Regs rewound(Regs r) {
  r.gpr[3] = r.orig_gpr3;
  r.nip -= kSyscallInsnSize;
  return idle(r);
}

/// The call has failed with EINTR, told as its instruction tells it.
constexpr Regs with_eintr(Regs r) {
  constexpr std::uint64_t kEintr = 4;
  if (r.trap == kTrapScv) {
    r.gpr[3] = -kEintr;
    r.ccr &= ~kSummaryOverflow;  // means nothing to the program then, but to return_value()
  } else {
    r.gpr[3] = kEintr;
    r.ccr |= kSummaryOverflow;
  }
  return r;
}

/// The rule for a copy that will be resumed by rt_sigreturn, where the kernel no longer restarts anything: 512, 513
/// and 514 are rewound, 516 becomes EINTR because the remaining time is lost with the restart block.
constexpr Regs for_sigreturn(const Regs& r) {
  const RestartKind kind = restart_kind(r);
  if (kind == RestartKind::kNone) return idle(r);
  return kind == RestartKind::kBlock ? idle(with_eintr(r)) : rewound(r);
}

/// The kernel's own way to go on with a sleep, but that the first argument comes back (arch/continued.h).
constexpr Regs restart_by_hand(Regs r) {
  if (restart_kind(r) != RestartKind::kBlock) return r;
  r.gpr[0] = 0;  // __NR_restart_syscall
  return rewound(r);
}

/// What the images keep of `r`.
constexpr Regs for_images(const Regs& r) { return for_sigreturn(r); }

/// A restored thread that has nothing to restart: what had to be run again is rewound in the image already.
constexpr Regs out_of_call(const Regs& r) { return idle(r); }

/// Makes the call `nr` once more that `r` (for_images) stands behind, with the arguments in `r`.
constexpr Regs call_again(Regs r, long nr) {
  r.nip = call_instruction(r);
  r.gpr[0] = static_cast<std::uint64_t>(nr);
  return idle(r);
}

/// Gives `r` the outcome of call_again() after the thread was stopped at once, which shows in `now`. False when the
/// call was over; else the kernel goes on with it when the thread runs with `r`.
constexpr bool take_outcome(Regs& r, const Regs& now) {
  r.gpr[3] = now.gpr[3];
  r.ccr = (r.ccr & ~kSummaryOverflow) | (now.ccr & kSummaryOverflow);
  const bool goes_on = restart_kind(now) == RestartKind::kBlock;
  if (!goes_on) return false;
  r.trap = now.trap;
  r.gpr[0] = now.gpr[0];
  return true;
}

}  // namespace cr::arch::ppc64le
