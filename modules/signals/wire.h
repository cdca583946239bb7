// Signal state that only a task itself can tell, as it crosses into blobs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"

namespace cr::signals {

/// The kernel's struct sigaction (not the C library's), as rt_sigaction(2) takes it on architectures with a restorer
/// word. Without SA_RESTORER in flags the restorer is garbage on some of them.
struct KernelSigaction {
  std::uint64_t handler;
  std::uint64_t flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};

/// All dispositions; entry i is signal i + 1. Per process (per shared sighand).
struct ActionsQuery {
  static constexpr char kName[] = "signals.actions";
  static constexpr std::uint32_t kCommand = command_id(kName);
  static constexpr int kCount = 64;
  KernelSigaction action[kCount];
};
static_assert(sizeof(ActionsQuery) == 64 * 32);

/// sigaltstack(2) of the thread: run it in every thread. flags without SS_ONSTACK: whether the thread is on it is
/// told by its own stack pointer, not by that of the injected code.
struct AltStackQuery {
  static constexpr char kName[] = "signals.altstack";
  static constexpr std::uint32_t kCommand = command_id(kName);
  std::uint64_t sp;
  std::uint64_t size;
  std::int32_t flags;
  std::int32_t pad;
};
static_assert(sizeof(AltStackQuery) == 24);

/// siginfo_t as the kernel takes and gives it.
struct KernelSiginfo {
  std::int32_t signo, err, code, pad;
  std::uint64_t rest[14];
};
static_assert(sizeof(KernelSiginfo) == 128);

/// Once per process. Entry i of actions is signal i + 1.
struct RestoreProcess {
  RelSpan<KernelSigaction> actions;
  RelSpan<KernelSiginfo> shared;
  std::uint32_t compat,
      pad;  ///< the dispositions are set as 32-bit programs do, which decides what frames handlers get
};
static_assert(sizeof(RestoreProcess) == 24);

/// struct compat_sigaction of x86 (include/linux/compat.h).
struct CompatSigaction {
  std::uint32_t handler, flags, restorer, mask[2];
};
static_assert(sizeof(CompatSigaction) == 20);

/// By each thread. stack_flags SS_DISABLE: no alternate stack.
struct RestoreThread {
  std::uint64_t stack_sp, stack_size;
  std::int32_t stack_flags, pad;
  RelSpan<KernelSiginfo> queue;
};
static_assert(sizeof(RestoreThread) == 32);

}  // namespace cr::signals
