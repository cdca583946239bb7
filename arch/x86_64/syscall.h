// Raw system calls of x86_64, for blobs and tests. Freestanding; the only file here with inline assembly.
#pragma once

#include <asm/unistd_64.h>

#include "arch/syscall_words.h"

namespace cr::arch::x86_64::sys {

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

/// See syscall_by().
template <class... A>
[[gnu::always_inline]] inline SysResult call(long nr, A... args) {
  return syscall_by<call6>(nr, args...);
}

}  // namespace cr::arch::x86_64::sys

namespace cr::arch::x86_64 {

/// A system call as 32-bit programs make it: `nr` of theirs, pointers below kCompatEnd. A kernel without such
/// programs kills the caller.
inline SysResult compat_call(long nr, long a0, long a1, long a2, long a3) {
  long ret;
  asm volatile("int $0x80"
               : "=a"(ret)
               : "a"(nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3)
               : "r8", "r9", "r10", "r11", "memory");
  return ret;
}
inline constexpr long kCompatGetpid = 20, kCompatSigaction = 174, kCompatSetRobustList = 311,
                      kCompatGetRobustList = 312;

/// Maps the vdso of 32-bit programs with its data at `at`, in a process that has none (arch_prctl(2),
/// ARCH_MAP_VDSO_32).
inline SysResult map_compat_vdso(std::uint64_t at) { return sys::call(__NR_arch_prctl, 0x2002, at); }

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
