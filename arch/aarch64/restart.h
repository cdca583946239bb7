// What the kernel does with a system call that a stop interrupted, and how to undo what a program must not see.
// Freestanding; compiles on every host.
//
// A stopped thread stands at the svc again, first argument in place, unless the call has returned EINTR. What the
// kernel itself still knows is lost when the thread runs anything else: so a call that goes on by restart_syscall
// gets that number in its register, as the kernel would put it there.
#pragma once

#include <cstdint>

#include "arch/aarch64/regs.h"
#include "arch/restart_kind.h"

namespace cr::arch::aarch64 {

/// ptrace does not show what call a stopped thread is in: note_interrupted() has to be told.
inline constexpr bool kHidesCalls = true;

inline constexpr long kRestartSyscall = 128, kEintr = -4;
inline constexpr long kErestartSys = -512, kErestartNoHand = -514, kErestartBlock = -516;

/// Calls that end with EINTR once a handler has run, even one with SA_RESTART (-ERESTARTNOHAND): pselect6, ppoll,
/// clock_nanosleep of an absolute time, rt_sigsuspend, msgrcv, msgsnd, io_pgetevents.
constexpr bool ends_with_handler(long nr) {
  for (const long other : {72, 73, 115, 133, 188, 189, 292})
    if (nr == other) return true;
  return false;
}

/// Takes down in `r`, as ptrace shows it, what the thread has slept in: `sleep` is what /proc told before the stop,
/// `before` and `at` are the instructions ahead of pc and at it. Nothing when it went on in between.
constexpr void note_interrupted(Regs& r, const SleepingCall& sleep, std::uint32_t before, std::uint32_t at) {
  r = idle(r);
  const long nr = sleep.continued ? kRestartSyscall : sleep.nr;
  if (nr < 0 || r.x[kNumber] != static_cast<std::uint64_t>(nr)) return;
  if (is_svc(at) && r.x[0] == sleep.first_argument) {
    r.interrupted = sleep.timed ? kErestartBlock : ends_with_handler(nr) ? kErestartNoHand : kErestartSys;
    if (sleep.timed) r.x[kNumber] = kRestartSyscall;
  } else if (!is_svc(before) || static_cast<long>(r.x[0]) != kEintr) {
    return;
  }
  r.call = nr;
  r.argument0 = sleep.first_argument;
}

constexpr RestartKind restart_kind(const Regs& r) {
  if (syscall_nr(r) < 0) return RestartKind::kNone;
  switch (r.interrupted) {
    case kErestartSys:
      return RestartKind::kUnlessNoFlag;
    case kErestartNoHand:
      return RestartKind::kNoHandler;
    case kErestartBlock:
      return RestartKind::kBlock;
    default:
      return RestartKind::kNone;
  }
}

/// Registers that run the interrupted call again from its start, all arguments as they were.
constexpr Regs rewound(Regs r) {
  if (r.interrupted == 0) r.pc -= kSyscallInsnSize;
  r.x[0] = r.argument0;
  r.x[kNumber] = static_cast<std::uint64_t>(r.call);
  return idle(r);
}

/// The rule for a copy that will be resumed by rt_sigreturn, which drops what the kernel knows of the call: it is run
/// again, but one that was to go on with what is left of its time ends with EINTR.
constexpr Regs for_sigreturn(Regs r) {
  if (restart_kind(r) == RestartKind::kNone) return idle(r);
  if (restart_kind(r) != RestartKind::kBlock) return rewound(r);
  r.pc += kSyscallInsnSize;
  r.x[0] = static_cast<std::uint64_t>(kEintr);
  r.x[kNumber] = static_cast<std::uint64_t>(r.call);
  return idle(r);
}

/// What the images keep of `r`.
constexpr Regs for_images(const Regs& r) { return for_sigreturn(r); }

/// A restored thread that has nothing to restart: what had to be run again is rewound in the image already.
constexpr Regs out_of_call(Regs r) { return idle(r); }

/// Makes the call `nr` once more that `r` (for_images) stands behind, with the arguments in `r`.
constexpr Regs call_again(Regs r, long nr) {
  r.pc -= kSyscallInsnSize;
  r.x[kNumber] = static_cast<std::uint64_t>(nr);
  return idle(r);
}

/// Gives `r` the outcome of call_again() after the thread was stopped at once, which shows in `now`. False when the
/// call was over; else the kernel goes on with it when the thread runs with `r`.
constexpr bool take_outcome(Regs& r, const Regs& now) {
  const bool goes_on = now.pc == r.pc - kSyscallInsnSize;
  if (goes_on) {
    r.pc = now.pc;
    r.x[kNumber] = kRestartSyscall;
  }
  r.x[0] = now.x[0];
  return goes_on;
}

}  // namespace cr::arch::aarch64
