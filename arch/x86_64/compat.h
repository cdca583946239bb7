// 32-bit programs (ia32) on x86_64: a thread of theirs is one with another code segment. The engine runs its own
// 64-bit code in it by changing that, and gives the old one back by a 64-bit signal frame. Freestanding; compiles on
// every host.
#pragma once

#include <cstdint>

namespace cr::arch::x86_64 {

inline constexpr std::uint64_t kCompatEnd = 1ull << 32;  ///< of the addresses that such a program can use

/// A system call by its number in 32-bit programs (asm/unistd_32.h) and in ours (asm/unistd_64.h). Those that a stop
/// disturbs (infect/restart_table.h) or that the engine looks for; times are those of 64 bits in both.
struct CompatCall {
  long theirs, ours;
};
inline constexpr CompatCall kCompatCalls[] = {
    {0, 219},    // restart_syscall
    {3, 0},      // read
    {4, 1},      // write
    {145, 19},   // readv
    {146, 20},   // writev
    {168, 7},    // poll
    {239, 40},   // sendfile64
    {256, 232},  // epoll_wait
    {313, 275},  // splice
    {319, 281},  // epoll_pwait
    {337, 299},  // recvmmsg
    {345, 307},  // sendmmsg
    {362, 42},   // connect
    {364, 288},  // accept4
    {369, 44},   // sendto
    {370, 46},   // sendmsg
    {371, 45},   // recvfrom
    {372, 47},   // recvmsg
    {407, 230},  // clock_nanosleep_time64
    {416, 333},  // io_pgetevents_time64
    {420, 220},  // semtimedop_time64
    {421, 128},  // rt_sigtimedwait_time64
    {422, 202},  // futex_time64
    {426, 426},  // io_uring_enter
    {441, 441},  // epoll_pwait2
};
/// Added to the numbers of all others, so that none is taken for one of ours.
inline constexpr long kOtherCall = 0x10000;

/// Calls of 32-bit programs only that end with EINTR when a stop disturbs them, as our_call() numbers them. Those
/// with a time have all of it again.
inline constexpr long kCompatSocketcall = kOtherCall + 102, kCompatIpc = kOtherCall + 117,
                      kCompatSigtimedwait = kOtherCall + 177, kCompatIoGetevents = kOtherCall + 247;

/// The number that a 64-bit program would use. -1 (in none) stays.
constexpr long our_call(long theirs) {
  if (theirs < 0) return theirs;
  for (const CompatCall& c : kCompatCalls)
    if (c.theirs == theirs) return c.ours;
  return kOtherCall + theirs;
}

/// The number that a 32-bit program uses for what our_call() has given.
constexpr long their_call(long ours) {
  for (const CompatCall& c : kCompatCalls)
    if (c.ours == ours) return c.theirs;
  return ours >= kOtherCall ? ours - kOtherCall : ours;
}

/// What /proc/PID/syscall shows of a sleeping thread, with the number as ours: its stack and code tell which program
/// it is.
constexpr long shown_call(long nr, std::uint64_t sp, std::uint64_t pc) {
  return sp < kCompatEnd && pc < kCompatEnd ? our_call(nr) : nr;
}

/// A flag of mmap(2) that leads to addresses that 64-bit code and such a program can use both (MAP_32BIT).
inline constexpr std::uint64_t kMapCompat = 0x40;
/// Length that such a program gives set_robust_list(2): sizeof(struct compat_robust_list_head).
inline constexpr std::uint64_t kCompatRobustList = 12;

}  // namespace cr::arch::x86_64
