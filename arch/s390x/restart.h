// What the kernel does with a system call that a stop interrupted, and how to undo what a program must not see.
// Freestanding; compiles on every host.
#pragma once

#include <cstdint>

#include "arch/restart_kind.h"
#include "arch/s390x/regs.h"

namespace cr::arch::s390x {

/// ptrace shows what call a stopped thread is in. (Where it does not, note_interrupted() has to tell.)
inline constexpr bool kHidesCalls = false;
constexpr void note_interrupted(Regs&, const SleepingCall&, std::uint32_t, std::uint32_t) {}

constexpr RestartKind restart_kind(const Regs& r) {
  return syscall_nr(r) < 0 ? RestartKind::kNone : restart_kind_of(return_value(r));
}

/// Registers that run the interrupted call again from its start, all arguments as they were. The instruction may hold
/// the number itself.
constexpr Regs rewound(Regs r) {
  r.gpr[2] = r.orig_gpr2;
  r.psw_addr -= kSyscallInsnSize;
  return idle(r);
}

/// The rule for a copy that will be resumed by rt_sigreturn, where the kernel no longer restarts anything: 512, 513
/// and 514 are rewound, 516 becomes EINTR because the remaining time is lost with the restart block.
constexpr Regs for_sigreturn(Regs r) {
  const RestartKind kind = restart_kind(r);
  if (kind == RestartKind::kNone) return idle(r);
  if (kind != RestartKind::kBlock) return rewound(r);
  r.gpr[2] = static_cast<std::uint64_t>(-4L);
  return idle(r);
}

/// What the images keep of `r`.
constexpr Regs for_images(const Regs& r) { return for_sigreturn(r); }

/// A restored thread that has nothing to restart: what had to be run again is rewound in the image already.
constexpr Regs out_of_call(const Regs& r) { return idle(r); }

/// Makes the call `nr` once more that `r` (for_images) stands behind, with the arguments in `r`.
constexpr Regs call_again(Regs r, long nr) {
  r.psw_addr = call_instruction(r);
  r.gpr[1] = static_cast<std::uint64_t>(nr);
  return idle(r);
}

/// Gives `r` the outcome of call_again() after the thread was stopped at once, which shows in `now`. False when the
/// call was over; else the kernel goes on with it when the thread runs with `r`.
constexpr bool take_outcome(Regs& r, const Regs& now) {
  r.gpr[2] = now.gpr[2];
  if (restart_kind(now) != RestartKind::kBlock) return false;
  r.system_call = now.system_call;
  return true;
}

}  // namespace cr::arch::s390x
