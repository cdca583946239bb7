// Reading one stopped thread, and the two corrections that a stop calls for.
#pragma once

#include <optional>

#include "base/result.h"
#include "infect/seize.h"

namespace cr::infect {

/// Looks at a thread that still runs or sleeps; asks `clock` only for calls with a timeout that nobody can read.
RestartInfo sample_sleep(HostPid pid, HostPid tid, SleepClock& clock);

/// Fills in everything ptrace tells about the stopped thread; `thread.restart` holds its sample_sleep(). False when
/// it is not in a stop of ours any more. Errors: 32-bit code (but on x86_64), a regset that cannot be read. A thread
/// inside an rseq critical section is moved to its abort handler, as the kernel does on preemption: the kernel itself
/// would forget the section once other code has run in the thread.
Result<bool> capture(SeizedThread& thread, int mem_fd);

/// Makes the thread repeat a call that returned EINTR because of the stop, the timeout shortened by the time slept
/// where it is a number. Registers are set in the kernel too, so nothing is seen even when the engine dies.
void hide_eintr(SeizedThread& thread, HostPid pid);
/// Before the thread resumes: gives EINTR back when a handler is going to run after all. True when EINTR stays
/// hidden.
bool settle_eintr(SeizedThread& thread, HostPid pid);

}  // namespace cr::infect
