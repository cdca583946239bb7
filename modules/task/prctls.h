// The switches of prctl(2) and its relatives, per process and per thread.
//
// Shown mostly to the task alone (PR_GET_*, get_mempolicy(2), membarrier(2), arch_prctl(2): the parasite asks);
// IO_FLUSHER by the flags of /proc/PID/task/TID/stat, since PR_GET_IO_FLUSHER needs CAP_SYS_RESOURCE; system call
// user dispatch by ptrace (Linux 6.4). Put back by the restorer, in each thread, each only when it differs from what
// is there: some need a capability. What a change of credentials resets (dumpable, the parent-death signal) and what
// forbids the restorer's own work (MDWE) comes last; system call user dispatch is armed by the coordinator when
// nothing is left to be injected. Kernels without a switch leave it absent. Refused: nothing; a switch that the
// restoring kernel lacks is an error of the restorer only when it was on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/module.h"

namespace cr::task {

/// set_mempolicy(2): mode with its MPOL_F_* flags, and the words of the node mask.
struct MemPolicy {
  std::int32_t mode = 0;
  std::vector<std::uint64_t> nodes{};
  friend bool operator==(const MemPolicy&, const MemPolicy&) = default;
};

/// PR_SET_SYSCALL_USER_DISPATCH; mode 0: off.
struct Dispatch {
  std::uint64_t mode = 0, selector = 0, offset = 0, length = 0;
};

inline constexpr std::size_t kSpeculationControls = 3;  ///< PR_SPEC_STORE_BYPASS, _INDIRECT_BRANCH, _L1D_FLUSH

struct ThreadPrctls {
  std::uint32_t pdeath_signal = 0;
  std::uint32_t personality = 0;
  std::uint32_t securebits = 0;  ///< dump only: the module security carries it
  bool io_flusher = false;
  std::optional<std::uint64_t> timer_slack_ns{};
  std::optional<std::uint32_t> tsc_mode{};  ///< PR_TSC_*
  std::optional<std::uint32_t> mce_kill{};  ///< PR_MCE_KILL_*
  std::optional<bool> cpuid_allowed{};      ///< x86: false when cpuid raises SIGSEGV
  /// PR_SPEC_* of those controls that are per-thread on the machine (PR_SPEC_PRCTL is set).
  std::array<std::optional<std::uint32_t>, kSpeculationControls> speculation{};
  std::optional<MemPolicy> mempolicy{};  ///< absent: kernel without CONFIG_NUMA
  Dispatch dispatch{};
};

struct ProcessPrctls {
  bool child_subreaper = false;
  std::optional<std::uint32_t> dumpable{};     ///< 0, 1, or 2 (by fs.suid_dumpable)
  std::optional<std::uint32_t> thp_disable{};  ///< PR_GET_THP_DISABLE: 0, 1, 3 (except where advised, 6.18)
  std::optional<std::uint32_t> mdwe{};         ///< PR_MDWE_*
  std::optional<bool> memory_merge{};
  std::optional<std::uint32_t> futex_slots{};  ///< of its private hash of futexes; 0: it has none (6.16)
  bool timer_ids = false;                      ///< timer_create(2) takes the id that it is given (6.15)
  std::uint32_t membarrier = 0;                ///< MEMBARRIER_CMD_REGISTER_* that were done
};

struct PrctlModel {
  std::map<NsPid, ProcessPrctls> processes{};
  std::map<NsPid, ThreadPrctls> threads{};
};

namespace prctls {
Result<> collect(DumpCtx&);
/// Asks every thread of the task; fills the TID address of the registers' image as well.
Result<> interrogate(DumpCtx&, const Task&, infect::ParasiteSession&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
/// Arms system call user dispatch: nothing is left to be injected by then.
Result<> finish(RestoreCtx&);
/// Arms system call user dispatch in thread `tid`, which is in a ptrace stop of the caller. Nothing may be injected
/// into it from then on. Errors: ptrace(2); EIO from a kernel before 6.4.
Result<> arm_dispatch(HostPid tid, const Dispatch&);
}  // namespace prctls

inline constexpr Module kPrctls{.name = "prctls",
                                .collect = prctls::collect,
                                .interrogate = prctls::interrogate,
                                .write_core = prctls::write_core,
                                .read_core = prctls::read_core,
                                .finish = prctls::finish};

}  // namespace cr::task
