// The argument of clone3(2). Freestanding.
#pragma once

#include <cstdint>

namespace cr {

/// struct clone_args, first version with set_tid (Linux 5.5).
struct CloneArgs {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
      cgroup;
};
static_assert(sizeof(CloneArgs) == 88);

/// CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM: what a POSIX thread shares.
inline constexpr std::uint64_t kThreadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

}  // namespace cr
