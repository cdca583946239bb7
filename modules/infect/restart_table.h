// System calls that a ptrace stop disturbs although no signal came, found by experiment (infect/restart_test.cc runs
// it): they return EINTR to the program (signal(7), "Interruption of system calls by stop signals"), or they have a
// relative timeout that starts anew or whose rest only the kernel knows.
#pragma once

#include <cstdint>
#include <span>

#include "arch/host.h"

namespace cr::infect {

enum class Timeout : std::uint8_t {
  kNone,
  kMilliseconds,  ///< an int argument, negative: for ever
  kTimespec,      ///< pointer to a relative timespec that the kernel leaves alone
  kKept,          ///< the kernel keeps the time left itself, in the restart block
};

struct InterruptedCall {
  long nr;
  bool returns_eintr;  ///< -EINTR reaches the program; the engine has to rewind
  Timeout timeout;
  std::int8_t arg;  ///< which argument the timeout is
};

inline constexpr InterruptedCall kInterruptedCalls[] = {
    {__NR_epoll_wait, true, Timeout::kMilliseconds, 3},
    {__NR_epoll_pwait, true, Timeout::kMilliseconds, 3},
    {__NR_epoll_pwait2, true, Timeout::kTimespec, 3},
    {__NR_semop, true, Timeout::kNone, -1},
    {__NR_semtimedop, true, Timeout::kTimespec, 3},
    {__NR_io_getevents, true, Timeout::kTimespec, 4},
    {__NR_io_pgetevents, true, Timeout::kTimespec, 4},  // 514 since 4.18: restarted, but in full
    {__NR_rt_sigtimedwait, true, Timeout::kTimespec, 2},
    {__NR_io_uring_enter, true, Timeout::kNone, -1},  // EINTR only when it has submitted nothing
    // Sockets with SO_RCVTIMEO or SO_SNDTIMEO (sock_intr_errno); EINTR means that nothing was transferred.
    {__NR_read, true, Timeout::kNone, -1},
    {__NR_readv, true, Timeout::kNone, -1},
    {__NR_write, true, Timeout::kNone, -1},
    {__NR_writev, true, Timeout::kNone, -1},
    {__NR_recvfrom, true, Timeout::kNone, -1},
    {__NR_recvmsg, true, Timeout::kNone, -1},
    {__NR_recvmmsg, true, Timeout::kNone, -1},
    {__NR_sendto, true, Timeout::kNone, -1},
    {__NR_sendmsg, true, Timeout::kNone, -1},
    {__NR_sendmmsg, true, Timeout::kNone, -1},
    {__NR_accept, true, Timeout::kNone, -1},
    {__NR_accept4, true, Timeout::kNone, -1},
    {__NR_connect, true, Timeout::kNone, -1},
    // Never EINTR; the time left lives in the kernel's restart block.
    {__NR_nanosleep, false, Timeout::kKept, 0},
    {__NR_clock_nanosleep, false, Timeout::kKept, 2},
    {__NR_poll, false, Timeout::kKept, 2},
    {__NR_futex, false, Timeout::kKept, 3},
    {__NR_restart_syscall, false, Timeout::kKept, -1},
};

constexpr const InterruptedCall* interrupted_call(long nr) {
  for (const InterruptedCall& c : kInterruptedCalls)
    if (c.nr == nr) return &c;
  return nullptr;
}

/// Whether a sleep in this call is worth timing: it has a timeout that is relative and not written back.
constexpr bool has_hidden_timeout(long nr) {
  const InterruptedCall* c = interrupted_call(nr);
  return c != nullptr && c->timeout != Timeout::kNone;
}

}  // namespace cr::infect
