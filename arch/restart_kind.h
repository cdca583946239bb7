// What becomes of an interrupted system call, in the terms of every kernel. Freestanding.
#pragma once

#include <cstdint>

namespace cr::arch {

/// The kernel's internal codes (include/linux/errno.h) and what becomes of the call when the thread resumes.
enum class RestartKind : std::uint8_t {
  kNone,          ///< not in a system call, or the call is over
  kAlways,        ///< -ERESTARTNOINTR (513): the same call again, also after a handler
  kUnlessNoFlag,  ///< -ERESTARTSYS (512): again, unless a handler without SA_RESTART ran
  kNoHandler,     ///< -ERESTARTNOHAND (514): again, unless a handler ran
  kBlock,         ///< -ERESTART_RESTARTBLOCK (516): restart_syscall with the time that is left
  kEintr,         ///< -EINTR (4) although no handler ran: the engine itself has to rewind (restart_table.h)
};

/// By the code that a call has returned; kEintr is not among them.
constexpr RestartKind restart_kind_of(long code) {
  switch (code) {
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

/// What /proc told of a sleeping thread before it was stopped.
struct SleepingCall {
  long nr = -1;  ///< what it really waits in; -1: nothing
  std::uint64_t first_argument = 0;
  bool timed = false;      ///< it has a time of which only the kernel knows the rest
  bool continued = false;  ///< by restart_syscall
};

}  // namespace cr::arch
