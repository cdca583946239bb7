// Steps of the restorer that put back signals. Freestanding; runs in the restored process, every signal blocked.
//
// Order, per process:
//   restore_process   once, by the main thread (the kernel lets only the thread whose tid is the pid queue any
//                     siginfo to the process)
//   restore_thread    in each thread, after restore_process: a disposition that ignores a signal empties the queues
// Both before RLIMIT_SIGPENDING is put back. From then on the thread must not unblock a signal.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "signals/wire.h"

namespace cr::signals {

inline constexpr int kSigkill = 9, kSigstop = 19;  // on every architecture but alpha, mips, parisc, sparc

inline SysResult set_action(int signal, const KernelSigaction& action, bool compat) {
  if (!compat) return sys::call(__NR_rt_sigaction, signal, &action, nullptr, 8);
  // The stack is where its pointers reach: see mm::find_gap().
  const CompatSigaction narrow{
      static_cast<std::uint32_t>(action.handler),
      static_cast<std::uint32_t>(action.flags),
      static_cast<std::uint32_t>(action.restorer),
      {static_cast<std::uint32_t>(action.mask), static_cast<std::uint32_t>(action.mask >> 32)}};
  return arch::compat_call(arch::kCompatSigaction, signal, reinterpret_cast<long>(&narrow), 0, 8);
}

inline SysResult restore_process(const BlobCtx& ctx, const RestoreProcess& p) {
  int signal = 0;
  for (const KernelSigaction& action : p.actions.in(ctx.arena)) {
    ++signal;
    if (signal == kSigkill || signal == kSigstop) continue;
    TRY(set_action(signal, action, p.compat != 0));
  }
  const long pid = sys::call(__NR_getpid).raw();
  for (const KernelSiginfo& info : p.shared.in(ctx.arena))
    TRY(sys::call(__NR_rt_sigqueueinfo, pid, info.signo, &info));
  return 0;
}

inline SysResult restore_thread(const BlobCtx& ctx, const RestoreThread& t) {
  const struct {
    std::uint64_t sp;
    std::int32_t flags, pad;
    std::uint64_t size;
  } stack{t.stack_sp, t.stack_flags, 0, t.stack_size};
  TRY(sys::call(__NR_sigaltstack, &stack, nullptr));
  const long pid = sys::call(__NR_getpid).raw(), tid = sys::call(__NR_gettid).raw();
  for (const KernelSiginfo& info : t.queue.in(ctx.arena))
    TRY(sys::call(__NR_rt_tgsigqueueinfo, pid, tid, info.signo, &info));
  return 0;
}

}  // namespace cr::signals
