// What the kernel does with a system call that a stop interrupted, and how to undo what a program must not see.
// Freestanding; compiles on every host.
#pragma once

#include <cstdint>

#include "arch/x86_64/regs.h"

namespace cr::arch::x86_64 {

/// The kernel's internal codes (include/linux/errno.h) and what becomes of the call when the thread resumes.
enum class RestartKind : std::uint8_t {
  kNone,          ///< not in a system call, or the call is over
  kAlways,        ///< -ERESTARTNOINTR (513): the same call again, also after a handler
  kUnlessNoFlag,  ///< -ERESTARTSYS (512): again, unless a handler without SA_RESTART ran
  kNoHandler,     ///< -ERESTARTNOHAND (514): again, unless a handler ran
  kBlock,         ///< -ERESTART_RESTARTBLOCK (516): restart_syscall with the time that is left
  kEintr,         ///< -EINTR (4) although no handler ran: the engine itself has to rewind (restart_table.h)
};

constexpr RestartKind restart_kind(const Regs& r) {
  if (syscall_nr(r) < 0) return RestartKind::kNone;
  switch (return_value(r)) {
    case -513:
      return RestartKind::kAlways;
    case -512:
      return RestartKind::kUnlessNoFlag;
    case -514:
      return RestartKind::kNoHandler;
    case -516:
      return RestartKind::kBlock;
    default:
      return RestartKind::kNone;
  }
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

}  // namespace cr::arch::x86_64
