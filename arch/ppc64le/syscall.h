// Raw system calls of ppc64le, for blobs and tests. Freestanding; inline assembly.
#pragma once

#include <asm/unistd.h>

#include "arch/syscall_words.h"

namespace cr::arch::ppc64le::sys {

[[gnu::always_inline]] inline SysResult call6(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
  register long r0 asm("r0") = nr;
  register long r3 asm("r3") = a0;
  register long r4 asm("r4") = a1;
  register long r5 asm("r5") = a2;
  register long r6 asm("r6") = a3;
  register long r7 asm("r7") = a4;
  register long r8 asm("r8") = a5;
  // An error is told by CR0.SO, and its number is positive.
  asm volatile(
      "sc\n"
      "bns+ 1f\n"
      "neg 3, 3\n"
      "1:\n"
      : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
      :
      : "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
  return long{r3};
}

/// See syscall_by().
template <class... A>
[[gnu::always_inline]] inline SysResult call(long nr, A... args) {
  return syscall_by<call6>(nr, args...);
}

}  // namespace cr::arch::ppc64le::sys

namespace cr::arch::ppc64le {

/// Calls that only older architectures have beside their successors; -1: not here.
inline constexpr long kNrPoll = __NR_poll;
inline constexpr long kNrEpollWait = __NR_epoll_wait;
inline constexpr long kNrSemop = -1;
inline constexpr long kNrIpc = __NR_ipc;

}  // namespace cr::arch::ppc64le
