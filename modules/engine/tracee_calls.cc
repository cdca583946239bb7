#include "engine/tracee_calls.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "infect/thread_visit.h"
#include "infect/tracee.h"

namespace cr::engine {
namespace {

Error ptrace_error(const char* step, HostPid tid, int err = errno) {
  return Error{"engine", step, format("tid {}", tid), err, ""};
}

}  // namespace

Result<int> wait_stop(HostPid tid) {
  int status = 0;
  while (waitpid(tid.value, &status, __WALL) != tid.value)
    if (errno != EINTR) return ptrace_error("wait for", tid);
  if (WIFSTOPPED(status)) return status;
  return Error{"engine", "restore", format("tid {}", tid), 0, format("it ended with wait status {:x}", status)};
}

Result<> interrupt(HostPid tid) {
  if (ptrace(PTRACE_INTERRUPT, tid.value, 0, 0) != 0) return ptrace_error("stop", tid);
  for (;;) {
    int status = TRY(wait_stop(tid));
    if (status >> 16 == PTRACE_EVENT_STOP) return {};
    // Every signal is blocked in the restorer but those that can't be: let it have them after the restore.
    if (ptrace(PTRACE_CONT, tid.value, 0, WSTOPSIG(status)) != 0) return ptrace_error("continue", tid);
  }
}

Result<arch::Regs> get_regs(HostPid tid) {
  arch::Regs regs;
  if (const SysResult r = infect::get_regs(tid, regs); !r.ok())
    return ptrace_error("read the registers of", tid, r.err());
  return regs;
}

Result<> set_regs(HostPid tid, const arch::Regs& regs) {
  if (const SysResult r = infect::set_regs(tid, regs); !r.ok())
    return ptrace_error("set the registers of", tid, r.err());
  return {};
}

Result<arch::Regs> interrupt_in_call(HostPid tid, long nr) {
  constexpr int kTries = 10000;
  for (int i = 0; i < kTries; ++i) {
    const arch::Regs regs = TRY(get_regs(tid));
    errno = 0;
    const long code = ptrace(PTRACE_PEEKTEXT, tid.value, arch::ip(regs), 0);
    if (errno == 0 && arch::is_in_call(regs, nr, static_cast<std::uint64_t>(code))) return regs;
    if (ptrace(PTRACE_CONT, tid.value, 0, 0) != 0) return ptrace_error("continue", tid);
    usleep(100);
    TRY(interrupt(tid));
  }
  return Error{"engine", "stop", format("tid {}", tid), 0, format("it does not arrive in system call {}", nr)};
}

Result<> poke(HostPid tid, std::uint64_t at, std::uint64_t word) {
  if (ptrace(PTRACE_POKEDATA, tid.value, at, word) == 0) return {};
  return ptrace_error("write to the memory of", tid);
}

Result<SysResult> try_call_at(HostPid tid, std::uint64_t instruction, long nr,
                              std::initializer_list<std::uint64_t> args) {
  arch::Regs own = TRY(get_regs(tid));
  TRY(set_regs(tid, arch::at_syscall(own, instruction, nr, args)));
  if (ptrace(PTRACE_SYSCALL, tid.value, 0, 0) != 0) return ptrace_error("run a system call in", tid);
  int status = TRY(wait_stop(tid));
  if (WSTOPSIG(status) != (SIGTRAP | 0x80))
    return Error{"engine", "run a system call in", format("tid {}", tid), 0, format("unexpected stop {:x}", status)};
  // A thread that waited by this very instruction may have got the number of restart_syscall on its way there.
  if (!infect::set_call_number(tid, nr).ok()) return ptrace_error("run a system call in", tid);
  // Not the stop at the call's exit, where not every register can be set on every architecture.
  if (ptrace(PTRACE_INTERRUPT, tid.value, 0, 0) != 0 || ptrace(PTRACE_CONT, tid.value, 0, 0) != 0)
    return ptrace_error("run a system call in", tid);
  status = TRY(wait_stop(tid));
  if (status >> 16 != PTRACE_EVENT_STOP)
    return Error{"engine", "run a system call in", format("tid {}", tid), 0, format("unexpected stop {:x}", status)};
  return SysResult(arch::return_value(TRY(get_regs(tid))));
}

Result<> call_at(HostPid tid, std::uint64_t instruction, long nr, std::initializer_list<std::uint64_t> args) {
  const SysResult result = TRY(try_call_at(tid, instruction, nr, args));
  if (result.ok()) return {};
  return Error{"engine", "run a system call in", format("tid {}", tid), result.err(), ""};
}

}  // namespace cr::engine
