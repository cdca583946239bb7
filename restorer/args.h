// Everything that the restorer is told, composed by engine/task_main.cc. Lies at the start of the argument arena,
// right behind the blob; all RelSpans count from its own address.
#pragma once

#include <cstdint>

#include "base/rel_span.h"
#include "base/restore_shared.h"
#include "files/wire.h"
#include "mm/wire.h"
#include "security/wire.h"
#include "signals/wire.h"
#include "task/wire.h"
#include "timers/wire.h"

namespace cr::restorer {

/// One thread; the leader is the first, unless it is dead.
struct ThreadArgs {
  std::int32_t tid;
  std::uint32_t args_offset;  ///< of this struct from the Args, so that a thread finds them
  std::uint64_t stack_top;
  RelSpan<std::int32_t> numbers;  ///< for clone3(2), that in its own pid namespace first
  RelSpan<std::int32_t> outer;    ///< those that only the coordinator can see to, the outermost first
  std::int32_t own_number;        ///< in its own pid namespace
  std::uint32_t pad;
  task::RestoreThread task;
  signals::RestoreThread signals;
  timers::RestoreThread timers;
  files::RestoreThread files;
  security::RestoreThread security;
};

/// The main thread when it has exited while others run on: it makes them and ends.
struct DeadLeader {
  std::uint32_t exits;  ///< 1: so it is
  std::uint32_t exit_status;
  char comm[16];
  security::RestoreThread security;  ///< without filters
};

struct Args {
  std::uint64_t shared;        ///< address of the SharedPage inside the kept area
  std::int32_t close_from;     ///< first of the engine's own descriptors, -1: they stay
  std::uint32_t threads_left;  ///< counts down as threads finish; futex word
  std::uint32_t memory_of;     ///< TaskIndex of the one who rebuilds the memory, which the others share
  std::uint32_t is_sharer;     ///< 1: that is another process
  std::uint32_t leader_first;  ///< 1 while the other threads have to wait for the leader's last steps; futex word
  mm::RestoreSpace mm;
  task::RestoreProcess task;
  signals::RestoreProcess signals;
  timers::RestoreProcess timers;
  files::RestoreProcess files;
  security::RestoreProcess security;
  DeadLeader dead_leader;
  RelSpan<ThreadArgs> threads;        ///< the first one does what is the process's
  RelSpan<std::uint32_t> pid_spaces;  ///< the inits of the pid namespaces that ThreadArgs::outer is about
};

inline constexpr std::uint64_t kThreadStack = 16 << 10;

inline Args* args_of(ThreadArgs& t) {
  return reinterpret_cast<Args*>(reinterpret_cast<std::byte*>(&t) - t.args_offset);
}

}  // namespace cr::restorer
