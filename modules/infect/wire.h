// What the engine and the injected blob share: the control block at a fixed place of the arena mapping.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"

namespace cr::infect {

/// One command of a visit: which, where its wire struct lies, what it returned.
struct Slot {
  std::uint32_t command;
  std::uint32_t offset;  ///< of the wire struct, from the start of the mapping
  std::int64_t result;
};

inline constexpr std::uint32_t kMaxSlots = 16;
inline constexpr std::uint32_t kFutexOwnerDied = 0x40000000;  ///< FUTEX_OWNER_DIED

/// Values of Control::done.
enum Done : std::uint32_t { kBusy = 0, kFinished = 1, kHostWaits = 2 };

struct Control {
  /// A robust, process-shared pthread_mutex_t that the engine's thread holds; its first word is the futex. The
  /// kernel marks it and wakes the blob when that thread dies.
  alignas(64) std::uint32_t owner[16];
  std::uint32_t done;  ///< Done; the engine waits on it
  /// The blob must not make system calls of its own: a seccomp filter is only suspended while the engine lives.
  std::uint32_t quiet;
  std::uint64_t base, size;         ///< the mapping in the target
  std::uint64_t frame;              ///< signal frame that resumes this thread
  std::uint64_t gadget;             ///< syscall; ret outside the mapping; 0: leave the mapping behind
  std::uint32_t arena, arena_size;  ///< where arrays lie
  std::uint32_t slots_used, pad;
  Slot slot[kMaxSlots];
};
static_assert(offsetof(Control, owner) == 0 && offsetof(Control, done) == 64);

/// Any one system call, for ParasiteSession::remote_syscall.
struct RawSyscall {
  static constexpr char kName[] = "infect.syscall";
  static constexpr std::uint32_t kCommand = command_id(kName);
  std::int64_t nr;
  std::uint64_t args[6];
  std::int64_t result;
};
static_assert(sizeof(RawSyscall) == 64);

}  // namespace cr::infect
