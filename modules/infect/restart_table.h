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
  kMilliseconds,   ///< an int argument, negative: for ever
  kTimespec,       ///< pointer to a relative timespec that the kernel leaves alone
  kKept,           ///< the kernel keeps the time left itself, in the restart block
  kSocketReceive,  ///< SO_RCVTIMEO of a socket, whose descriptor is the argument
  kSocketSend,     ///< the same with SO_SNDTIMEO
};

constexpr bool is_of_socket(Timeout t) { return t == Timeout::kSocketReceive || t == Timeout::kSocketSend; }

struct InterruptedCall {
  long nr;
  bool returns_eintr;  ///< -EINTR reaches the program; the engine has to rewind
  Timeout timeout;
  std::int8_t arg;  ///< which argument the timeout is
};

// Calls of sockets that only some kernels have beside recvfrom, sendto and accept4; -1: not here.
#ifdef __NR_recv
inline constexpr long kNrRecv = __NR_recv, kNrSend = __NR_send;
#else
inline constexpr long kNrRecv = -1, kNrSend = -1;
#endif
#ifdef __NR_accept
inline constexpr long kNrAccept = __NR_accept;
#else
inline constexpr long kNrAccept = -1;
#endif

// All calls of sockets in one, whose arguments lie in memory: what some C libraries still make.
#ifdef __NR_socketcall
inline constexpr long kNrSocketcall = __NR_socketcall;
#else
inline constexpr long kNrSocketcall = -1;
#endif

inline constexpr InterruptedCall kInterruptedCalls[] = {
    {arch::kNrEpollWait, true, Timeout::kMilliseconds, 3},
    {__NR_epoll_pwait, true, Timeout::kMilliseconds, 3},
    {__NR_epoll_pwait2, true, Timeout::kTimespec, 3},
    {arch::kNrSemop, true, Timeout::kNone, -1},
    {arch::kNrIpc, true, Timeout::kNone, -1},  // semop and semtimedop, which then has all of its time again
    {__NR_semtimedop, true, Timeout::kTimespec, 3},
    {__NR_io_getevents, true, Timeout::kTimespec, 4},
    {__NR_io_pgetevents, true, Timeout::kTimespec, 4},  // 514 since 4.18: restarted, but in full
    {__NR_rt_sigtimedwait, true, Timeout::kTimespec, 2},
    {__NR_io_uring_enter, true, Timeout::kNone, -1},  // EINTR only when it has submitted nothing
    // Sockets with SO_RCVTIMEO or SO_SNDTIMEO (sock_intr_errno); EINTR means that nothing was transferred.
    {__NR_read, true, Timeout::kSocketReceive, 0},
    {__NR_readv, true, Timeout::kSocketReceive, 0},
    {__NR_write, true, Timeout::kSocketSend, 0},
    {__NR_writev, true, Timeout::kSocketSend, 0},
    {__NR_recvfrom, true, Timeout::kSocketReceive, 0},
    {__NR_recvmsg, true, Timeout::kSocketReceive, 0},
    {__NR_recvmmsg, true, Timeout::kSocketReceive, 0},
    {__NR_sendto, true, Timeout::kSocketSend, 0},
    {__NR_sendmsg, true, Timeout::kSocketSend, 0},
    {__NR_sendmmsg, true, Timeout::kSocketSend, 0},
    {kNrRecv, true, Timeout::kSocketReceive, 0},
    {kNrSend, true, Timeout::kSocketSend, 0},
    {kNrAccept, true, Timeout::kSocketReceive, 0},
    {__NR_accept4, true, Timeout::kSocketReceive, 0},
    {__NR_connect, true, Timeout::kSocketSend, 0},
    {__NR_splice, true, Timeout::kSocketReceive, 0},
    {__NR_sendfile, true, Timeout::kSocketSend, 0},
    {kNrSocketcall, true, Timeout::kNone, -1},  // any of them, which then has all of its time again
    // Of 32-bit programs beside these.
    {arch::kCompatSocketcall, true, Timeout::kNone, -1},
    {arch::kCompatIpc, true, Timeout::kNone, -1},
    {arch::kCompatSigtimedwait, true, Timeout::kNone, -1},
    {arch::kCompatIoGetevents, true, Timeout::kNone, -1},
    // Never EINTR; the time left lives in the kernel's restart block.
    {__NR_nanosleep, false, Timeout::kKept, 0},
    {__NR_clock_nanosleep, false, Timeout::kKept, 2},
    {arch::kNrPoll, false, Timeout::kKept, 2},
    {__NR_futex, false, Timeout::kKept, 3},
    {__NR_restart_syscall, false, Timeout::kKept, -1},
};

constexpr const InterruptedCall* interrupted_call(long nr) {
  for (const InterruptedCall& c : kInterruptedCalls)
    if (c.nr == nr && nr >= 0) return &c;  // -1: there is no such call here
  return nullptr;
}

}  // namespace cr::infect
