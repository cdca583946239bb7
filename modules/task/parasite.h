// Reads a task's own attributes. Blob code: freestanding, every command works on the thread it runs in.
#pragma once

#include <linux/mempolicy.h>
#include <linux/prctl.h>

#include "arch/host.h"
#include "base/rel_span.h"
#include "task/wire.h"

namespace cr::task {

// Newer than the oldest kernel headers we build with.
inline constexpr int kPrGetMdwe = 66;                                            // 6.3
inline constexpr int kPrGetMemoryMerge = 68;                                     // 6.4
inline constexpr int kPrGetIoFlusher = 58;                                       // 5.6
inline constexpr int kSpecL1dFlush = 2;                                          // 5.15
inline constexpr int kPrTimerIds = 77, kTimerIdsGet = 2;                         // 6.15
inline constexpr int kPrFutexHash = 78, kFutexSetSlots = 1, kFutexGetSlots = 2;  // 6.16

/// prctl options whose answer is the return value.
inline long prctl_value(int option, unsigned long a = 0) { return sys::call(__NR_prctl, option, a, 0, 0, 0).raw(); }

struct ThreadQueryCommand {
  using Wire = ThreadQuery;
  static SysResult run(Wire& w, Arena) {
    w.tid_address_error = sys::call(__NR_prctl, PR_GET_TID_ADDRESS, &w.clear_child_tid, 0, 0, 0).raw();
    (void)sys::call(__NR_get_robust_list, 0, &w.robust_list, &w.robust_list_size);
    int value = 0;
    long r = sys::call(__NR_prctl, PR_GET_PDEATHSIG, &value, 0, 0, 0).raw();
    w.pdeathsig = r < 0 ? r : value;
    r = sys::call(__NR_prctl, PR_GET_TSC, &value, 0, 0, 0).raw();
    w.tsc_mode = r < 0 ? r : value;
    w.securebits = prctl_value(PR_GET_SECUREBITS);
    w.timer_slack_ns = prctl_value(PR_GET_TIMERSLACK);
    w.keepcaps = prctl_value(PR_GET_KEEPCAPS);
    w.no_new_privs = prctl_value(PR_GET_NO_NEW_PRIVS);
    w.seccomp_mode = prctl_value(PR_GET_SECCOMP);
    w.mce_kill = prctl_value(PR_MCE_KILL_GET);
    w.speculation[0] = prctl_value(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS);
    w.speculation[1] = prctl_value(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH);
    w.speculation[2] = prctl_value(PR_GET_SPECULATION_CTRL, kSpecL1dFlush);
    w.personality = sys::call(__NR_personality, 0xffffffffu).raw();
    w.ioprio = sys::call(__NR_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0).raw();
    w.cpuid_faulting = arch::cpuid_allowed();
    w.mempolicy = 0;
    for (auto& word : w.nodemask) word = 0;
    w.mempolicy_error = sys::call(__NR_get_mempolicy, &w.mempolicy, w.nodemask, Wire::kMaxNodes, 0, 0).raw();
    return 0;
  }
};

struct ProcessQueryCommand {
  using Wire = ProcessQuery;
  static SysResult run(Wire& w, Arena) {
    w.dumpable = prctl_value(PR_GET_DUMPABLE);
    w.thp_disable = prctl_value(PR_GET_THP_DISABLE);
    w.mdwe = prctl_value(kPrGetMdwe);
    w.io_flusher = prctl_value(kPrGetIoFlusher);
    w.memory_merge = prctl_value(kPrGetMemoryMerge);
    int subreaper = 0;
    long r = sys::call(__NR_prctl, PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0).raw();
    w.child_subreaper = r < 0 ? r : subreaper;
    w.membarrier = sys::call(__NR_membarrier, 1 << 9 /* MEMBARRIER_CMD_GET_REGISTRATIONS, 6.3 */, 0, 0).raw();
    w.futex_slots = prctl_value(kPrFutexHash, kFutexGetSlots);
    w.timer_ids = prctl_value(kPrTimerIds, kTimerIdsGet);
    w.brk =
        static_cast<std::uint64_t>(sys::call(__NR_brk, 0).raw());  // an impossible request reports the current end
    w.umask = static_cast<std::uint32_t>(sys::call(__NR_umask, 0).raw());
    (void)sys::call(__NR_umask, w.umask);
    return 0;
  }
};

}  // namespace cr::task
