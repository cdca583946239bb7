// Raw system calls of x86_64, for blobs and tests. Freestanding; the only file here with inline assembly.
#pragma once

#include <asm/unistd_64.h>

#include "base/sys_result.h"

namespace cr::arch::x86_64::sys {

/// One register for whatever a system call takes: integers, enums and pointers.
template <class T>
inline long word(T v) {
  if constexpr (requires { static_cast<long>(v); })
    return static_cast<long>(v);
  else
    return reinterpret_cast<long>(v);
}
inline long word(decltype(nullptr)) { return 0; }

inline SysResult call6(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
  register long r10 asm("r10") = a3;
  register long r8 asm("r8") = a4;
  register long r9 asm("r9") = a5;
  long ret;
  asm volatile("syscall"
               : "=a"(ret)
               : "a"(nr), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return ret;
}

/// Runs system call `nr` (a __NR_ constant) with up to six arguments and gives back what the kernel returned.
template <class... A>
inline SysResult call(long nr, A... args) {
  static_assert(sizeof...(A) <= 6);
  long a[6] = {word(args)...};
  return call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace cr::arch::x86_64::sys

namespace cr::arch::x86_64 {

/// Calls that only older architectures have beside their successors; -1: not here.
inline constexpr long kNrPoll = __NR_poll;
inline constexpr long kNrEpollWait = __NR_epoll_wait;
inline constexpr long kNrSemop = __NR_semop;
inline constexpr long kNrIpc = -1;

/// arch_prctl(ARCH_GET_CPUID): 1 when the cpuid instruction works, 0 when it faults, -errno without the feature.
inline long cpuid_allowed() { return sys::call(__NR_arch_prctl, 0x1011, 0).raw(); }
/// arch_prctl(ARCH_SET_CPUID): the instruction raises SIGSEGV from now on.
inline SysResult forbid_cpuid() { return sys::call(__NR_arch_prctl, 0x1012, 0); }

}  // namespace cr::arch::x86_64
