// Raw system calls of s390x, for blobs and tests. Freestanding; inline assembly.
#pragma once

#include <asm/unistd.h>

#include "base/sys_result.h"

namespace cr::arch::s390x::sys {

/// One register for whatever a system call takes: integers, enums and pointers.
template <class T>
inline long word(T v) {
  if constexpr (requires { static_cast<long>(v); })
    return static_cast<long>(v);
  else
    return reinterpret_cast<long>(v);
}
inline long word(decltype(nullptr)) { return 0; }

[[gnu::always_inline]] inline SysResult call6(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
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

/// Runs system call `nr` (a __NR_ constant) with up to six arguments and gives back what the kernel returned.
template <class... A>
[[gnu::always_inline]] inline SysResult call(long nr, A... args) {
  static_assert(sizeof...(A) <= 6);
  long a[6] = {word(args)...};
  if (nr == __NR_mmap) return call6(nr, reinterpret_cast<long>(a), 0, 0, 0, 0, 0);  // takes them from memory
  return call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace cr::arch::s390x::sys

namespace cr::arch::s390x {

/// Calls that only older architectures have beside their successors; -1: not here.
inline constexpr long kNrPoll = __NR_poll;
inline constexpr long kNrEpollWait = __NR_epoll_wait;
inline constexpr long kNrSemop = -1;
inline constexpr long kNrIpc = __NR_ipc;

}  // namespace cr::arch::s390x
