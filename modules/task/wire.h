// What only a task itself can tell about its threads and about the process, as it crosses into blobs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"

namespace cr::task {

/// Values that a kernel without the feature does not give: -errno in a signed field, as prctl(2) returned it.
/// Per thread. Run it in every thread.
struct ThreadQuery {
  static constexpr char kName[] = "task.thread";
  static constexpr std::uint32_t kCommand = command_id(kName);
  static constexpr std::size_t kMaxNodes = 1024;

  std::uint64_t clear_child_tid;   ///< PR_GET_TID_ADDRESS; only with CONFIG_CHECKPOINT_RESTORE
  std::int64_t tid_address_error;  ///< 0 or -errno of the above
  std::uint64_t robust_list;       ///< get_robust_list(2)
  std::uint64_t robust_list_size;
  std::int64_t pdeathsig;        ///< PR_GET_PDEATHSIG
  std::int64_t securebits;       ///< PR_GET_SECUREBITS
  std::int64_t timer_slack_ns;   ///< PR_GET_TIMERSLACK
  std::int64_t personality;      ///< personality(0xffffffff)
  std::int64_t keepcaps;         ///< PR_GET_KEEPCAPS
  std::int64_t no_new_privs;     ///< PR_GET_NO_NEW_PRIVS
  std::int64_t seccomp_mode;     ///< PR_GET_SECCOMP
  std::int64_t tsc_mode;         ///< PR_GET_TSC: PR_TSC_ENABLE or PR_TSC_SIGSEGV
  std::int64_t mce_kill;         ///< PR_MCE_KILL_GET
  std::int64_t speculation[3];   ///< PR_GET_SPECULATION_CTRL of store bypass, indirect branch, L1D flush
  std::int64_t ioprio;           ///< ioprio_get(IOPRIO_WHO_PROCESS, 0)
  std::int64_t cpuid_faulting;   ///< arch_prctl(ARCH_GET_CPUID): 1 when cpuid is allowed (x86_64)
  std::int64_t mempolicy_error;  ///< 0 or -errno of get_mempolicy(2)
  std::int32_t mempolicy;        ///< MPOL_* with its mode flags
  std::int32_t pad;
  std::uint64_t nodemask[kMaxNodes / 64];
};
static_assert(sizeof(ThreadQuery) == 288);

/// Per process: run it once, in any thread.
struct ProcessQuery {
  static constexpr char kName[] = "task.process";
  static constexpr std::uint32_t kCommand = command_id(kName);

  std::int64_t dumpable;         ///< PR_GET_DUMPABLE
  std::int64_t thp_disable;      ///< PR_GET_THP_DISABLE
  std::int64_t mdwe;             ///< PR_GET_MDWE
  std::int64_t io_flusher;       ///< PR_GET_IO_FLUSHER
  std::int64_t memory_merge;     ///< PR_GET_MEMORY_MERGE
  std::int64_t child_subreaper;  ///< PR_GET_CHILD_SUBREAPER: 0 or 1
  std::int64_t membarrier;       ///< MEMBARRIER_CMD_GET_REGISTRATIONS
  std::int64_t futex_slots;      ///< PR_FUTEX_HASH_GET_SLOTS
  std::int64_t timer_ids;        ///< PR_TIMER_CREATE_RESTORE_IDS_GET: 0 or 1
  std::uint64_t brk;             ///< current end of the heap
  std::uint32_t umask;           ///< of this thread's fs_struct
  std::uint32_t pad;
};
static_assert(sizeof(ProcessQuery) == 88);

/// "Leave it as it is" in the fields of the Restore structs that the images may not tell.
inline constexpr std::int64_t kUnset = -1;

struct RestoreLimit {
  std::uint64_t cur, max;
};

/// What is put back once per process (restorer.h: restore_process, restore_limits, finish_process).
struct RestoreProcess {
  std::int64_t child_subreaper;
  std::int64_t thp_disable;  ///< as PR_GET_THP_DISABLE gives it
  std::int64_t memory_merge;
  std::int64_t mdwe;
  std::int64_t dumpable;
  std::int64_t futex_slots;
  std::int64_t timer_ids;
  std::uint64_t membarrier;       ///< MEMBARRIER_CMD_REGISTER_* to do
  RelSpan<RestoreLimit> rlimits;  ///< all of them, or none
};
static_assert(sizeof(RestoreProcess) == 72);

/// What is put back by each thread (restorer.h: restore_thread, finish_thread).
struct RestoreThread {
  char comm[16];
  std::uint64_t clear_child_tid;
  std::uint64_t robust_list, robust_list_size;
  std::uint64_t rseq;  ///< 0: none
  std::uint32_t rseq_size, rseq_signature;
  std::int64_t personality;
  std::int64_t timer_slack_ns;
  std::int64_t io_flusher;
  std::int64_t tsc_mode;
  std::int64_t mce_kill;
  std::int64_t cpuid_allowed;
  std::int64_t speculation[3];  ///< PR_SPEC_* with PR_SPEC_PRCTL
  std::int64_t mempolicy;       ///< mode with flags
  RelSpan<std::uint64_t> nodemask;
  std::int64_t pdeath_signal;
};
static_assert(sizeof(RestoreThread) == 152);

}  // namespace cr::task
