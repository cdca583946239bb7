// Making a thread without a C library.
#pragma once

#include <cstdint>

#include "arch/host.h"
#include "base/sys_result.h"

namespace cr::arch {

/// struct clone_args of clone3(2), first version with set_tid (Linux 5.5).
struct CloneArgs {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
      cgroup;
};
static_assert(sizeof(CloneArgs) == 88);

/// CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM: what a POSIX thread shares.
inline constexpr std::uint64_t kThreadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

/// clone3(2) with a stack of the child's own, on which it calls main(argument); main must not return.
inline SysResult spawn(CloneArgs& args, void (*main)(void*), void* argument) {
  return spawn_on_stack(&args, sizeof args, main, argument);
}

}  // namespace cr::arch
