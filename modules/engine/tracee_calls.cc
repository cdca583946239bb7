#include "engine/tracee_calls.h"

#include <linux/elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/format.h"

namespace cr::engine {
namespace {

Error ptrace_error(const char* step, HostPid tid) { return Error{"engine", step, format("tid {}", tid), errno, ""}; }

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
  iovec io{&regs, sizeof regs};
  if (ptrace(PTRACE_GETREGSET, tid.value, NT_PRSTATUS, &io) != 0) return ptrace_error("read the registers of", tid);
  return regs;
}

Result<> set_regs(HostPid tid, const arch::Regs& regs) {
  arch::Regs copy = regs;
  iovec io{&copy, sizeof copy};
  if (ptrace(PTRACE_SETREGSET, tid.value, NT_PRSTATUS, &io) != 0) return ptrace_error("set the registers of", tid);
  return {};
}

Result<> call_at(HostPid tid, std::uint64_t instruction, long nr, const std::array<std::uint64_t, 3>& args) {
  arch::Regs own = TRY(get_regs(tid));
  TRY(set_regs(tid, arch::at_syscall(own, instruction, nr, args)));
  for (int stop = 0; stop < 2; ++stop) {
    if (ptrace(PTRACE_SYSCALL, tid.value, 0, 0) != 0) return ptrace_error("run a system call in", tid);
    int status = TRY(wait_stop(tid));
    if (WSTOPSIG(status) != (SIGTRAP | 0x80))
      return Error{"engine", "run a system call in", format("tid {}", tid), 0,
                   format("unexpected stop {:x}", status)};
  }
  long result = arch::return_value(TRY(get_regs(tid)));
  if (result < 0 && result > -4096)
    return Error{"engine", "run a system call in", format("tid {}", tid), static_cast<int>(-result), ""};
  return {};
}

}  // namespace cr::engine
