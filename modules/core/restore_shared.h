// The page that the coordinator and the restored tasks share: stages, readiness, the first error.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "core/contexts.h"

namespace cr {

/// The points at which the tasks of a restore wait for each other. A task enters a stage when the coordinator has
/// opened it and says when it is done.
enum class Stage : std::uint32_t {
  kFork,      ///< make the children, sessions
  kGroups,    ///< process groups, whose leaders all exist now
  kOpen,      ///< each owner opens its descriptions
  kTake,      ///< everybody takes descriptors from the owners, under their final numbers
  kConnect,   ///< queues filled, epoll targets added; zombies and helpers die
  kRestorer,  ///< the blob: memory, threads, the rest
};

inline constexpr std::size_t kErrorText = 512;

/// Lives in MAP_SHARED memory, made before the first fork. Everything in it is either atomic or written once before
/// the stage at which others read it.
struct SharedPage {
  std::atomic<std::uint32_t> stage;      ///< the stage that is open; futex word
  std::atomic<std::uint32_t> done;       ///< how many tasks have done it; futex word
  std::atomic<std::uint32_t> failed;     ///< 0, or 1 when somebody has claimed the error below; futex word
  std::atomic<std::uint32_t> error_set;  ///< the texts below are complete
  std::int32_t error_errno;
  char error_module[32], error_step[96], error_object[kErrorText], error_remedy[kErrorText];
  std::uint64_t bytes;                   ///< of the whole mapping
  std::atomic<std::int32_t> host_pid[];  ///< of each task of the tree, set by itself
};

/// Tells the coordinator why the restore can't go on. The first caller wins.
void report_error(SharedPage&, const Error&);
/// Says that the calling task is done with the open stage and waits until the next one, `next`, opens. Errors:
/// another task has failed (the text says so; the coordinator reports the true one).
Result<> stage_done(TaskCtx&, Stage next);

}  // namespace cr
