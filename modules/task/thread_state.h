// What the kernel keeps for a thread's own benefit: its name, the list of robust futexes, the area of
// restartable sequences, and (with the registers, where the image has it) the word cleared when it ends; and of the
// whole process the flags shown in /proc/PID/stat.
//
// Shown by /proc/PID/task/TID/{comm,stat}, get_robust_list(2), PTRACE_GET_RSEQ_CONFIGURATION (Linux 5.13; taken by
// infect when it seizes), and to the thread alone PR_GET_TID_ADDRESS.
// Put back by the thread itself in the restorer.
// Refused: a kernel without CONFIG_CHECKPOINT_RESTORE, which does not tell the TID address.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/module.h"

namespace cr::task {

/// A registered rseq area; pointer 0: none.
struct Rseq {
  std::uint64_t pointer = 0;
  std::uint32_t size = 0, signature = 0;
  /// Images of other engines: the descriptor of the critical section that the thread was in. Ours never hold one,
  /// since the instruction pointer is at the abort handler by then.
  std::uint64_t critical_section = 0;
};

struct ThreadState {
  std::string comm{};
  std::uint64_t robust_list = 0, robust_list_size = 0;
  Rseq rseq{};
};

/// Of every task of the tree, zombies included.
struct TaskStat {
  std::string comm{};
  std::uint32_t flags = 0;  ///< PF_*; for readers only
};

struct ThreadStateModel {
  std::map<NsPid, ThreadState> threads{};
  std::map<NsPid, TaskStat> tasks{};
};

namespace thread_state {
Result<> collect(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
}  // namespace thread_state

inline constexpr Module kThreadState{.name = "thread_state",
                                     .collect = thread_state::collect,
                                     .write_core = thread_state::write_core,
                                     .read_core = thread_state::read_core};

}  // namespace cr::task
