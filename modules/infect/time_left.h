// What is left of the time of a call that a stop has ended with EINTR, and the way back into the call with no more
// than that. (Calls whose time the kernel keeps itself go on by restart_syscall(2): infect/sleep_note.h.)
//
// A timeout behind a pointer: the rest is written right below the red zone of the thread's stack, and the register
// keeps that address. The kernel reads it some microseconds later. A signal whose handler runs on that stack in this
// very moment would overwrite it; there is no way to close that gap: a thread that is let go of at the call's entry
// finds a pending "signal" there (__ptrace_unlink in kernel/ptrace.c), and the call would return EINTR at once. A
// timeout of a socket (SO_RCVTIMEO, SO_SNDTIMEO): it is set to the rest until the thread sleeps in the call, and then
// to what it was, by a process of its own, which does so even when the engine dies in between.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/host.h"
#include "base/ids.h"
#include "infect/seize.h"

namespace cr::infect {

/// Whether call `nr` begins anew after a stop and has its time in one of these two ways.
bool begins_anew(long nr);

/// Nanoseconds that are left to a thread whose EINTR was hidden (RestartKind::kEintr). Absent: the call has no limit,
/// or begins_anew() does not hold, or the time slept is not known.
std::optional<std::uint64_t> time_left(HostPid pid, const SeizedThread&, int mem_fd);

/// Detaches from a stopped thread that is about to make call `nr` with the arguments in `regs`, and gives the call
/// `left_ns`. It is always let go of: where the rest can't be set, or a handler comes first, with all of its time.
void detach_with_time(HostPid pid, HostPid tid, long nr, const arch::Regs& regs, std::uint64_t left_ns);

}  // namespace cr::infect
