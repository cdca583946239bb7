// A note on a stopped thread about when its call with a timeout is due.
//
// A call that a stop has cut in two goes on by restart_syscall(2), whose time the kernel keeps to itself: from then
// on nobody can find out how much is left, and the stops of a dump and of a restore are such. So whoever cuts a call
// leaves a note for the next engine. It lies where only ptrace(2) sees it and nothing but a debugger's trap writes:
// in the thread's copy of the debug status register, DR6, which is never loaded into the processor. 44 bits are the
// moment on CLOCK_MONOTONIC, 20 bits a sum over the registers of the call, which tell whether it is still that one.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/host.h"
#include "base/ids.h"

namespace cr::infect {

/// Leaves the note on a stopped thread. It is a help, not a need: no error when that can't be done. `mark` is part of
/// the sum: what tells this call from a later one that looks the same.
void note_due(HostPid tid, const arch::Regs& regs, std::uint64_t monotonic_ns, std::uint64_t mark = 0);
/// The note that is there about the call with these registers, when it is of any use: not in the past.
std::optional<std::uint64_t> noted_due(HostPid tid, const arch::Regs& regs, std::uint64_t now_ns,
                                       std::uint64_t mark = 0);

/// CLOCK_MONOTONIC, ns.
std::uint64_t monotonic_now_ns();

}  // namespace cr::infect
