// What the kernel does with a system call that a stop interrupted, and how to undo what a program must not see.
// Freestanding; compiles on every host.
#pragma once

#include <cstdint>

#include "arch/restart_kind.h"
#include "arch/x86_64/regs.h"

namespace cr::arch::x86_64 {

/// ptrace shows what call a stopped thread is in. (Where it does not, note_interrupted() has to tell.)
inline constexpr bool kHidesCalls = false;
constexpr void note_interrupted(Regs&, const SleepingCall&, std::uint32_t, std::uint32_t) {}

constexpr RestartKind restart_kind(const Regs& r) {
  return syscall_nr(r) < 0 ? RestartKind::kNone : restart_kind_of(return_value(r));
}

/// Registers that run the interrupted call again from its start, all arguments as they were.
constexpr Regs rewound(Regs r) {
  r.rax = r.orig_rax;
  r.rip -= kSyscallInsnSize;
  r.orig_rax = ~0ull;
  return r;
}

/// The rule for a copy that will be resumed by rt_sigreturn, where the kernel no longer restarts anything: 512, 513
/// and 514 are rewound, 516 becomes EINTR because the remaining time is lost with the restart block.
constexpr Regs for_sigreturn(Regs r) {
  switch (restart_kind(r)) {
    case RestartKind::kAlways:
    case RestartKind::kUnlessNoFlag:
    case RestartKind::kNoHandler:
      return rewound(r);
    case RestartKind::kBlock:
      r.rax = static_cast<std::uint64_t>(-4L);
      break;
    default:
      break;
  }
  r.orig_rax = ~0ull;
  return r;
}

/// What the images keep of `r`: for_sigreturn(), but the number of the call stays. Other readers of the format expect
/// it there, and never restart by it.
constexpr Regs for_images(const Regs& r) {
  Regs kept = for_sigreturn(r);
  kept.orig_rax = r.orig_rax;
  return kept;
}

/// A restored thread that has nothing to restart: what had to be run again is rewound in the image already.
constexpr Regs out_of_call(Regs r) {
  r.orig_rax = ~0ull;
  return r;
}

/// Makes the call `nr` once more that `r` (for_images) stands behind, with the arguments in `r`.
constexpr Regs call_again(Regs r, long nr) {
  r.rip = call_instruction(r);
  r.rax = static_cast<std::uint64_t>(is_compat(r) ? their_call(nr) : nr);
  r.orig_rax = ~0ull;
  return r;
}

/// Gives `r` the outcome of call_again() after the thread was stopped at once, which shows in `now`. False when the
/// call was over; else the kernel goes on with it when the thread runs with `r`.
constexpr bool take_outcome(Regs& r, const Regs& now) {
  r.rax = now.rax;
  const bool goes_on = return_value(now) == -516;
  if (goes_on) r.orig_rax = now.orig_rax;
  return goes_on;
}

}  // namespace cr::arch::x86_64
