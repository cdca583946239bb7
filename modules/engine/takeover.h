// The last act of a restore: every restored thread is parked in the restorer; the coordinator takes each by ptrace,
// removes the restorer from its memory, gives it its registers, and lets it go.
#pragma once

#include <vector>

#include "arch/host.h"
#include "base/result.h"
#include "core/contexts.h"
#include "task/regs.h"

namespace cr::engine {

/// Guard over the threads of a restored tree. Before let_go() nothing of the restored program has run, and when
/// the engine dies before it, all die with it (PTRACE_O_EXITKILL; before seize() they look for themselves,
/// core/stages.h).
class Takeover {
 public:
  explicit Takeover(RestoreCtx& ctx) : ctx_(ctx) {}

  /// Attaches to every thread, running as they are (PTRACE_SEIZE): from now on seccomp filters can be installed
  /// without stopping the restorer (PTRACE_O_SUSPEND_SECCOMP).
  Result<> seize();
  /// Stops every thread and brings it to the state of the dump; tasks that were stopped, or all of them when
  /// `stopped`, are put in a group stop. Errors: ptrace(2); a thread that died.
  Result<> complete(bool stopped);
  /// Detaches, and waits until those that were stopped are so again.
  Result<> let_go(bool stopped);

 private:
  Result<> complete_task(const Task&, bool all_stop);
  Result<> forget_stops(const Task&, bool all_stop, const arch::Regs& parked);
  Result<> stop_task(const Task&);
  Result<> set_mask(const Task&, const Thread&);
  Result<> set_registers(const Thread&);
  /// By the system call instruction at `instruction`, which is the restorer's own.
  void detach(const Task&, const Thread&, bool stopped);
  Result<> remove_restorer(const Task&, std::uint64_t instruction);

  RestoreCtx& ctx_;
};

}  // namespace cr::engine
