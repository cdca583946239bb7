// Arguments of system calls as the words that registers hold: what the backends' syscall.h have in common.
// Freestanding.
#pragma once

#include "base/sys_result.h"

namespace cr::arch {

/// One register for whatever a system call takes: integers, enums and pointers.
template <class T>
inline long syscall_word(T v) {
  if constexpr (requires { static_cast<long>(v); })
    return static_cast<long>(v);
  else
    return reinterpret_cast<long>(v);
}
inline long syscall_word(decltype(nullptr)) { return 0; }

/// A backend's instruction: the number of a system call and six words.
using SyscallOfWords = SysResult(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

/// Runs system call `nr` (a __NR_ constant) with up to six arguments and gives back what the kernel returned.
template <SyscallOfWords& call6, class... A>
[[gnu::always_inline]] inline SysResult syscall_by(long nr, A... args) {
  static_assert(sizeof...(A) <= 6);
  const long a[6] = {syscall_word(args)...};
  return call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace cr::arch
