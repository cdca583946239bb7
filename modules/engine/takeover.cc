#include "engine/takeover.h"

#include <linux/elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "engine/timed_call.h"
#include "engine/tracee_calls.h"
#include "security/seccomp.h"

namespace cr::engine {
namespace {

/// Detached threads stop on their own within microseconds; who asks us has to find them stopped.
void await_stop(const Task& t) {
  for (const Thread& th : t.threads)
    for (int tries = 0; tries < 1000; ++tries) {
      auto text = core::read_text(format("/proc/{}/task/{}/stat", t.host, th.host));
      if (!text.ok()) break;
      auto stat = core::StatFields::parse(text.value());
      if (!stat.ok() || stat.value().state() == 'T') break;
      usleep(100);
    }
}

}  // namespace

Result<> Takeover::seize() {
  for (Task& t : ctx_.tree.tasks) {
    if (!t.alive()) continue;
    t.host = HostPid{ctx_.shared->task[t.index].host_pid};
    for (Thread& th : t.threads) {
      th.host = HostPid{th.tid.value};  // the tree lives in the engine's own pid namespace
      long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
      if (security::has_seccomp(ctx_.models, th.tid)) options |= PTRACE_O_SUSPEND_SECCOMP;
      if (ptrace(PTRACE_SEIZE, th.host.value, 0, options) != 0)
        return Error{"engine", "take over", format("tid {}", th.tid), errno, "run as root and untraced"};
    }
  }
  return {};
}

Result<> Takeover::complete(bool stopped) {
  for (const Task& t : ctx_.tree.tasks)
    if (t.alive()) TRY(complete_task(t, stopped || t.state == TaskState::kStopped));
  return {};
}

Result<> Takeover::complete_task(const Task& t, bool stopped) {
  for (const Thread& th : t.threads) TRY(interrupt(th.host));
  // A timed call needs memory for its argument and the restorer has it, so these come before the restorer goes.
  for (const Thread& th : t.threads) {
    task::ThreadRegs& r = ctx_.models.edit<task::RegsModel>().threads.at(th.tid);
    if (r.timed.nr >= 0) TRY(resume_timed_call(th.host, r));
  }
  TRY(remove_restorer(t));
  for (const Thread& th : t.threads) TRY(set_registers(t, th));
  if (stopped) TRY(stop_task(t));
  for (const Thread& th : t.threads) TRY(set_mask(t, th));
  return {};
}

Result<> Takeover::remove_restorer(const Task& t) {
  const TaskSlot& slot = ctx_.shared->task[t.index];
  HostPid leader = t.threads.front().host;
  arch::Regs parked = TRY(get_regs(leader));
  std::uint64_t instruction =
      parked.rip - arch::kSyscallInsnSize;  // it waits in futex(2): the call it made is a gadget
  std::uint32_t files = ctx_.models.get<KobjModel>().of.at(t.pid).files;
  std::size_t sharers = 0;
  for (const auto& [pid, ids] : ctx_.models.get<KobjModel>().of) sharers += ids.files == files;
  if (sharers > 1)
    TRY(call_at(leader, instruction, SYS_close_range, {static_cast<std::uint64_t>(ctx_.first_service_fd), ~0u, 0}));
  return call_at(leader, instruction, SYS_munmap, {slot.arena_base, slot.arena_size, 0});
}

Result<> Takeover::set_registers(const Task& t, const Thread& th) {
  const task::ThreadRegs& r = ctx_.models.get<task::RegsModel>().threads.at(th.tid);
  auto fail = [&](const char* step) {
    return Error{"engine", step, format("pid {} tid {}", t.pid, th.tid), errno, ""};
  };
  arch::Xstate area(arch::kMaxXstate);
  iovec io{area.data(), area.size()};
  if (ptrace(PTRACE_GETREGSET, th.host.value, arch::kXstateRegset, &io) != 0) return fail("read the FPU of");
  area.resize(io.iov_len);
  arch::overlay_xstate(r.image.fpu, area);
  io = {area.data(), area.size()};
  if (ptrace(PTRACE_SETREGSET, th.host.value, arch::kXstateRegset, &io) != 0) return fail("set the FPU of");
  for (const arch::TlsEntry& entry : r.image.tls)
    if (!entry.empty() && ptrace(static_cast<__ptrace_request>(26) /* PTRACE_SET_THREAD_AREA */, th.host.value,
                                 entry.entry_number, &entry) != 0)
      return fail("set the TLS entries of");
  arch::Regs regs = r.image.regs;
  if (r.timed.nr < 0) regs.orig_rax = ~0ull;  // nothing to restart: the image has it rewound already
  TRY(set_regs(th.host, regs));
  return {};
}

Result<> Takeover::set_mask(const Task& t, const Thread& th) {
  const std::uint64_t mask = ctx_.models.get<task::RegsModel>().threads.at(th.tid).sigmask;
  if (ptrace(static_cast<__ptrace_request>(0x420b) /* PTRACE_SETSIGMASK */, th.host.value, sizeof mask, &mask) == 0)
    return {};
  return Error{"engine", "set the signal mask of", format("pid {} tid {}", t.pid, th.tid), errno, ""};
}

/// Brings one task into its group stop while all of its signals are still blocked, so that none of those that are
/// pending is handled before. The other threads stop when they are detached, without an instruction in between.
Result<> Takeover::stop_task(const Task& t) {
  HostPid leader = t.threads.front().host;
  auto fail = [&](const char* step) { return Error{"engine", step, format("pid {}", t.pid), errno, ""}; };
  if (kill(t.host.value, SIGSTOP) != 0) return fail("stop");
  int pass_on = 0;
  for (;;) {
    if (ptrace(PTRACE_CONT, leader.value, 0, pass_on) != 0) return fail("stop");
    int status = TRY(wait_stop(leader));
    if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGSTOP) return {};
    // A trap that announces the stop asks for nothing; the delivery of the SIGSTOP itself has to be let through.
    pass_on = status >> 16 == 0 ? WSTOPSIG(status) : 0;
  }
}

Result<> Takeover::let_go(bool stopped) {
  // From here on the engine's death sets the tree free, as a whole.
  for (const Task& t : ctx_.tree.tasks)
    for (const Thread& th : t.threads) ptrace(PTRACE_SETOPTIONS, th.host.value, 0, PTRACE_O_TRACESYSGOOD);
  for (const Task& t : ctx_.tree.tasks)
    for (const Thread& th : t.threads) ptrace(PTRACE_DETACH, th.host.value, 0, 0);
  for (const Task& t : ctx_.tree.tasks)
    if (t.alive() && (stopped || t.state == TaskState::kStopped)) await_stop(t);
  return {};
}

}  // namespace cr::engine
