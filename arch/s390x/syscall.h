// Raw system calls of s390x, for blobs and tests. Freestanding; inline assembly.
#pragma once

#include <asm/unistd.h>

#include "arch/syscall_words.h"

namespace cr::arch::s390x::sys {

[[gnu::always_inline]] inline SysResult call6(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
  const long in_memory[6] = {a0, a1, a2, a3, a4, a5};
  if (nr == __NR_mmap) a0 = reinterpret_cast<long>(in_memory);  // takes all of them from there
  register long r1 asm("r1") = nr;
  register long r2 asm("r2") = a0;
  register long r3 asm("r3") = a1;
  register long r4 asm("r4") = a2;
  register long r5 asm("r5") = a3;
  register long r6 asm("r6") = a4;
  register long r7 asm("r7") = a5;
  asm volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7) : "cc", "memory");
  return long{r2};
}

/// See syscall_by().
template <class... A>
[[gnu::always_inline]] inline SysResult call(long nr, A... args) {
  return syscall_by<call6>(nr, args...);
}

}  // namespace cr::arch::s390x::sys

namespace cr::arch::s390x {

/// Calls that only older architectures have beside their successors; -1: not here.
inline constexpr long kNrPoll = __NR_poll;
inline constexpr long kNrEpollWait = __NR_epoll_wait;
inline constexpr long kNrSemop = -1;
inline constexpr long kNrIpc = __NR_ipc;

}  // namespace cr::arch::s390x
