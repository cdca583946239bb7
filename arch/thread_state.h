// What ptrace tells of a stopped thread beside its general registers and what SeizedThread has, and how it is put
// back.
#pragma once

#include "arch/host.h"
#include "base/ids.h"
#include "base/result.h"

namespace cr::arch {

/// Fills in what a dump has to ask for: all of `image` but regs, fpu and clear_tid_address. Errors: ptrace(2).
Result<> get_thread_state(HostPid tid, ThreadImage& image);
/// Gives a stopped, restored thread all of `image` but the general registers. Errors: ptrace(2).
Result<> set_thread_state(HostPid tid, const ThreadImage& image);
/// That of the caller, from which the C library counts its rseq area.
void* thread_pointer();

}  // namespace cr::arch
