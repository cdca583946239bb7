// Registers of each thread, and the system call it was in.
//
// Shown by ptrace at the stop (infect/seize.h). Kept in core-<tid>.img: the architecture's thread_info, and a record
// of our own (thread_core_entry.restart) for a call that can't simply be run again because part of its time is over.
// Put back by ptrace when the restored thread is complete and parked in the restorer.
// Refused: extended state that the restoring CPU lacks, by the names of the features; 32-bit tasks but those of x86.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "arch/host.h"
#include "core/module.h"

namespace cr::task {

/// A call with a relative timeout that the kernel would have continued by restart_syscall (-ERESTART_RESTARTBLOCK),
/// or one that begins anew with what is left of its time (infect/time_left.h).
struct TimedCall {
  long nr = -1;  ///< -1: none
  std::array<std::uint64_t, 6> args{};
  std::uint64_t remaining_ns = 0;
};

struct ThreadRegs {
  arch::ThreadImage image;
  TimedCall timed;
  std::uint64_t sigmask = 0;
};

struct RegsModel {
  std::map<NsPid, ThreadRegs> threads{};  ///< by tid
};

/// Whether a living task runs 32-bit code.
bool runs_compat(const Models&, const Task&);

Result<> collect_regs(DumpCtx&);
Result<> write_core_regs(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core_regs(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
Result<> plan_regs(PlanCtx&);

inline constexpr Module kRegsModule{.name = "regs",
                                    .collect = collect_regs,
                                    .write_core = write_core_regs,
                                    .read_core = read_core_regs,
                                    .plan = plan_regs};

}  // namespace cr::task
