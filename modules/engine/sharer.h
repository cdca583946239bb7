// The birth of a process that shares the memory of another one without being a thread of it (CLONE_VM).
//
// It can't live in the engine's program as the others do: that memory is its maker's too, C library, heap and all. So
// it runs nothing but bare system calls until it is in the restorer blob, in an arena of its own that the owner of
// the memory keeps mapped, and has a stand-in: a plain fork of itself, which does share its descriptors and
// directories. The stand-in forks its children (they become siblings: CLONE_PARENT), opens its descriptors, composes
// its arguments, and is gone before the memory is given up.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clone_args.h"
#include "base/ids.h"
#include "base/restore_shared.h"
#include "base/sys_result.h"
#include "engine/restorer_args.h"

namespace cr::engine {

/// All that it must know, composed by the owner of the memory while it is still alone in it.
struct Sharer {
  /// Linux nests no more pid namespaces.
  static constexpr std::size_t kMostNumbers = 33;
  NsPid pid;
  int group = 0;  ///< to join, as its own pid namespace numbers it; 0: the inherited one stays
  bool leads_group = false;
  bool setsid = false;
  std::int32_t numbers[kMostNumbers] = {};  ///< for clone3(2), that in its own pid namespace first
  std::uint64_t levels = 0;                 ///< how many
  SharedPage* page = nullptr;
  TaskSlot* slot = nullptr;
  CloneArgs how{};  ///< flags and exit signal; the rest is set by make_sharer()
  RestorerArena arena{};
  std::vector<Sharer*> makes{};         ///< those that it has to make itself
  int proc_fd = -1;                     ///< RestoreCtx::proc_fd
  std::int32_t stand_in_pid = 0;        ///< where to look for a pid that nobody in the tree has, at any level
  void (*stand_in)(Sharer&) = nullptr;  ///< what the stand-in does; must not return
  void* maker = nullptr;                ///< for stand_in
  std::uint32_t is_made = 0;            ///< its stand-in and those that it makes are there; futex word
};

/// Makes the process, and returns when all of its forks that copy the memory of the caller are made. Bare system
/// calls only. Errors: clone3(2).
SysResult make_sharer(Sharer&);

}  // namespace cr::engine
