// The page that the coordinator and the restored tasks share: stages, readiness, the first error. Freestanding: the
// restorer blob uses it too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cr {

/// The points at which the tasks of a restore wait for each other. Work of a stage may start when the coordinator has
/// opened it.
enum class Stage : std::uint32_t {
  kFork = 1,  ///< memory that is inherited, sessions, the children
  kGroups,    ///< process groups, whose leaders all exist now
  kOpen,      ///< each owner opens its descriptions
  kJoin,      ///< connections between tasks, when there are any
  kTake,      ///< everybody takes descriptors from the owners, under their final numbers
  kConnect,   ///< queues filled, epoll targets added; zombies and helpers die
  kRestorer,  ///< the blob: memory, threads, the rest
  kFinal,     ///< the blob again, traced by now: seccomp, credentials; then it parks
  kAbort,     ///< somebody failed: everybody leaves
};

inline constexpr std::uint32_t kEngineDied = 0x40000000;  // FUTEX_OWNER_DIED

inline constexpr std::size_t kErrorText = 512;

/// What one task tells of itself.
struct TaskSlot {
  std::atomic<std::int32_t> host_pid;         ///< as the engine's /proc shows it; 0: not there yet
  std::atomic<std::uint32_t> is_in_place;     ///< 1: its namespaces are filled, others may join them
  std::atomic<std::uint32_t> ids_are_mapped;  ///< 1: the maps of the user namespace that it was born with are filled
  std::atomic<std::uint32_t> memory_ready;    ///< 1: who shares its memory may go on; futex word
  std::uint64_t arena_base, arena_size;       ///< where its restorer runs
};

/// Asks the coordinator that the next process or thread to be made gets these numbers in pid namespaces in which its
/// maker has no say (engine/number_giver.h).
struct NumberWish {
  static constexpr std::size_t kMost = 33;  ///< Linux nests no more pid namespaces
  enum State : std::uint32_t {
    kNone,
    kWanted,
    kGranted,  ///< the caller may make it now
    kRight,    ///< said by a process that has been made, of its numbers
    kWrong,
  };
  std::atomic<std::uint32_t> taken;  ///< 1: somebody is at it
  std::atomic<std::uint32_t> state;
  std::uint32_t count;
  std::uint32_t init[kMost];  ///< TaskIndex of the init of each pid namespace, the outermost first
  std::int32_t number[kMost];
};

/// Lives in MAP_SHARED memory, made before the first fork.
struct SharedPage {
  std::atomic<std::uint32_t> stage;    ///< the stage that is open; futex word
  std::atomic<std::uint32_t> done;     ///< how many have done it; futex word, reset when a stage opens
  std::atomic<std::uint32_t> awaited;  ///< how many the engine waits for: only then it is woken
  /// A robust, process-shared pthread_mutex_t that the engine holds; its first word is the futex. The kernel sets
  /// kEngineDied in it when the engine is gone, however it went.
  alignas(16) std::atomic<std::uint32_t> engine[16];
  std::atomic<std::uint32_t> failed;     ///< claimed by the first who has an error
  std::atomic<std::uint32_t> error_set;  ///< the texts below are complete
  std::int32_t error_errno;
  std::int32_t error_pid;
  char error_module[32], error_step[96], error_object[kErrorText], error_remedy[kErrorText];
  NumberWish wish;
  std::uint64_t bytes;  ///< size of the whole mapping
  std::uint64_t tasks;  ///< length of the arrays
  TaskSlot task[];      ///< by TaskIndex
};

/// How long who waits for a stage sleeps between two looks whether the engine lives; laid out as a timespec.
struct Patience {
  std::int64_t seconds, nanoseconds;
};
/// Among many tasks each looks less often, so that all together cost no more.
inline Patience patience_of(const SharedPage& page) {
  constexpr std::uint64_t kOfFew = 100'000'000, kMany = 50, kSecond = 1'000'000'000;
  const std::uint64_t ns = kOfFew * (1 + page.tasks / kMany);
  return {static_cast<std::int64_t>(ns / kSecond), static_cast<std::int64_t>(ns % kSecond)};
}
/// A task is done with the open stage. True: the engine waits for no more and has to be woken.
inline bool count_done(SharedPage& page) { return page.done.fetch_add(1) + 1 >= page.awaited; }

}  // namespace cr
