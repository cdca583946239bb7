// Steps of the restorer that put back the tasks' own state. Freestanding; runs in the restored process.
//
// Order, per process (every signal is blocked all the while):
//   restore_process   once; memory is complete
//   restore_thread    in each thread; memory is complete (the kernel writes into the rseq area)
//   restore_limits    once; after everything that a limit could forbid (timers, queued signals, threads), before
//                     credentials, since raising a limit needs CAP_SYS_RESOURCE
//   finish_thread     in each thread, after its credentials: changing those clears the parent-death signal
//   finish_process    once, after the credentials of all threads (they reset dumpable) and after the last mapping
//                     (MDWE forbids to make one executable)
#pragma once

#include <linux/prctl.h>

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "task/parasite.h"
#include "task/wire.h"

namespace cr::task {

// Newer than the headers that we build with.
inline constexpr int kPrSetMdwe = 65, kPrSetMemoryMerge = 67;
inline constexpr int kPrSetThpDisable = 41, kPrGetThpDisable = 42;

/// Sets a switch unless it is so already or the image doesn't tell.
inline SysResult set_switch(int get, int set, std::int64_t wanted) {
  if (wanted == kUnset) return 0;
  const SysResult now = sys::call(__NR_prctl, get, 0, 0, 0, 0);
  if (now.raw() == wanted) return 0;
  if (!now.ok() && wanted == 0) return 0;  // a kernel without it has it off
  return sys::call(__NR_prctl, set, wanted, 0, 0, 0);
}

inline SysResult restore_membarrier(std::uint64_t registrations) {
  for (int bit = 0; bit < 64; ++bit)
    if (registrations >> bit & 1) TRY(sys::call(__NR_membarrier, 1L << bit, 0, 0));
  return 0;
}

inline SysResult restore_process(const BlobCtx&, const RestoreProcess& p) {
  if (p.child_subreaper != kUnset) TRY(sys::call(__NR_prctl, PR_SET_CHILD_SUBREAPER, p.child_subreaper, 0, 0, 0));
  if (p.thp_disable > 0)  // bit 0: on; the others are the flags of the second argument
    TRY(sys::call(__NR_prctl, kPrSetThpDisable, 1, p.thp_disable & ~1L, 0, 0));
  else
    TRY(set_switch(kPrGetThpDisable, kPrSetThpDisable, p.thp_disable));
  TRY(set_switch(kPrGetMemoryMerge, kPrSetMemoryMerge, p.memory_merge));
  return restore_membarrier(p.membarrier);
}

inline SysResult restore_limits(const BlobCtx& ctx, const RestoreProcess& p) {
  int resource = 0;
  for (const RestoreLimit& wanted : p.rlimits.in(ctx.arena)) {
    RestoreLimit now{};
    TRY(sys::call(__NR_prlimit64, 0, resource, nullptr, &now));
    if (now.cur != wanted.cur || now.max != wanted.max) TRY(sys::call(__NR_prlimit64, 0, resource, &wanted, nullptr));
    ++resource;
  }
  return 0;
}

/// The kernel makes it larger by itself as threads are made (6.16).
inline SysResult restore_futex_hash(std::int64_t slots) {
  if (slots == kUnset) return 0;
  const long now = prctl_value(kPrFutexHash, kFutexGetSlots);
  if (now < 0 || now == slots) return 0;
  return sys::call(__NR_prctl, kPrFutexHash, kFutexSetSlots, slots, 0, 0);
}

inline SysResult finish_process(const BlobCtx&, const RestoreProcess& p) {
  TRY(restore_futex_hash(p.futex_slots));
  if (p.timer_ids == 1) TRY(sys::call(__NR_prctl, kPrTimerIds, 1, 0, 0, 0));
  // 2 (SUID_DUMP_ROOT) can't be asked for: a change of credentials under fs.suid_dumpable=2 makes it. 0 is its
  // nearest relative, for everybody but root's core files.
  TRY(set_switch(PR_GET_DUMPABLE, PR_SET_DUMPABLE, p.dumpable == 2 ? 0 : p.dumpable));
  return set_switch(kPrGetMdwe, kPrSetMdwe, p.mdwe);
}

inline SysResult restore_speculation(const RestoreThread& t) {
  for (int which = 0; which < 3; ++which) {
    const std::int64_t wanted = t.speculation[which];
    if (wanted == kUnset) continue;
    const SysResult now = sys::call(__NR_prctl, PR_GET_SPECULATION_CTRL, which, 0, 0, 0);
    // Another machine may have the matter settled for everybody: nothing to choose then.
    if (!now.ok() || !(now.raw() & PR_SPEC_PRCTL) || now.raw() == wanted) continue;
    TRY(sys::call(__NR_prctl, PR_SET_SPECULATION_CTRL, which, wanted & ~static_cast<std::int64_t>(PR_SPEC_PRCTL), 0,
                  0));
  }
  return 0;
}

inline SysResult restore_mempolicy(const BlobCtx& ctx, const RestoreThread& t) {
  if (t.mempolicy == kUnset) return 0;
  const std::span<const std::uint64_t> mask = t.nodemask.in(ctx.arena);
  std::int32_t now = -1;
  const SysResult asked = sys::call(__NR_get_mempolicy, &now, nullptr, 0, nullptr, 0);
  if (t.mempolicy == 0 && (!asked.ok() || now == 0)) return 0;
  // The kernel takes one bit less than it is told (get_nodes() in mm/mempolicy.c).
  return sys::call(__NR_set_mempolicy, t.mempolicy, mask.empty() ? nullptr : mask.data(),
                   mask.empty() ? 0 : mask.size() * 64 + 1);
}

/// The switches that only one architecture has.
inline SysResult restore_cpu_switches(const RestoreThread& t) {
  TRY(set_switch(PR_GET_TSC, PR_SET_TSC, t.tsc_mode == PR_TSC_SIGSEGV ? t.tsc_mode : kUnset));
  return t.cpuid_allowed == 0 ? arch::forbid_cpuid() : SysResult(0);
}

inline SysResult restore_mce_kill(std::int64_t wanted) {
  if (wanted == kUnset || wanted == PR_MCE_KILL_DEFAULT) return 0;
  return sys::call(__NR_prctl, PR_MCE_KILL, PR_MCE_KILL_SET, wanted, 0, 0);
}

/// The length tells whose list it is.
inline SysResult restore_robust_list(const RestoreThread& t) {
  if (t.robust_list_size == 0) return 0;
  if (t.robust_list_size != arch::kCompatRobustList)
    return sys::call(__NR_set_robust_list, t.robust_list, t.robust_list_size);
  return arch::compat_call(arch::kCompatSetRobustList, static_cast<long>(t.robust_list),
                           static_cast<long>(t.robust_list_size), 0, 0);
}

inline SysResult restore_thread(const BlobCtx& ctx, const RestoreThread& t) {
  TRY(sys::call(__NR_prctl, PR_SET_NAME, t.comm, 0, 0, 0));
  TRY(sys::call(__NR_set_tid_address, t.clear_child_tid));
  TRY(restore_robust_list(t));
  if (t.rseq != 0) TRY(sys::call(__NR_rseq, t.rseq, t.rseq_size, 0, t.rseq_signature));
  if (t.personality != kUnset) TRY(sys::call(__NR_personality, t.personality));
  // 0 would ask for the default; real-time threads show it and have no slack.
  if (t.timer_slack_ns > 0) TRY(sys::call(__NR_prctl, PR_SET_TIMERSLACK, t.timer_slack_ns, 0, 0, 0));
  if (t.io_flusher == 1) TRY(sys::call(__NR_prctl, PR_SET_IO_FLUSHER, 1, 0, 0, 0));
  TRY(restore_mce_kill(t.mce_kill));
  TRY(restore_speculation(t));
  TRY(restore_mempolicy(ctx, t));
  return restore_cpu_switches(t);
}

inline SysResult finish_thread(const BlobCtx&, const RestoreThread& t) {
  return sys::call(__NR_prctl, PR_SET_PDEATHSIG, t.pdeath_signal, 0, 0, 0);
}

}  // namespace cr::task
