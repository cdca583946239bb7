// Raw system calls of aarch64, for blobs and tests. Freestanding; inline assembly.
#pragma once

#include <asm/unistd.h>

#include "arch/syscall_words.h"

namespace cr::arch::aarch64::sys {

inline SysResult call6(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
  register long x8 asm("x8") = nr;
  register long x0 asm("x0") = a0;
  register long x1 asm("x1") = a1;
  register long x2 asm("x2") = a2;
  register long x3 asm("x3") = a3;
  register long x4 asm("x4") = a4;
  register long x5 asm("x5") = a5;
  // The number comes back as restart_syscall's after a call that a stop had interrupted.
  asm volatile("svc #0" : "+r"(x0), "+r"(x8) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return long{x0};
}

/// See syscall_by().
template <class... A>
[[gnu::always_inline]] inline SysResult call(long nr, A... args) {
  return syscall_by<call6>(nr, args...);
}

}  // namespace cr::arch::aarch64::sys

namespace cr::arch::aarch64 {

/// Calls that only older architectures have beside their successors; -1: not here.
inline constexpr long kNrPoll = -1;
inline constexpr long kNrEpollWait = -1;
inline constexpr long kNrSemop = __NR_semop;
inline constexpr long kNrIpc = -1;

}  // namespace cr::arch::aarch64
