#include "engine/takeover.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/continued.h"
#include "arch/thread_state.h"
#include "base/format.h"
#include "base/restore_shared.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "engine/timed_call.h"
#include "engine/tracee_calls.h"
#include "engine/undertaker.h"
#include "infect/time_left.h"
#include "security/seccomp.h"
#include "signals/signals.h"
#include "task/tree.h"

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
    TRY(task::find_threads(t));
    for (Thread& th : t.threads) {
      if (&th == &t.threads.front()) t.live = th.host;
      long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
      if (security::has_seccomp(ctx_.models, th.tid)) options |= PTRACE_O_SUSPEND_SECCOMP;
      if (ptrace(PTRACE_SEIZE, th.host.value, 0, options) != 0)
        return Error{"engine", "take over", format("tid {}", th.tid), errno, "run as root and untraced"};
    }
  }
  return {};
}

Result<> Takeover::complete(bool stopped) {
  // Children first: their parent takes note of their stops while it still has the restorer.
  for (auto t = ctx_.tree.tasks.rbegin(); t != ctx_.tree.tasks.rend(); ++t)
    if (t->alive()) TRY(complete_task(*t, stopped));
  return {};
}

Result<> Takeover::complete_task(const Task& t, bool all_stop) {
  for (const Thread& th : t.threads) TRY(interrupt(th.host));
  // The leader waits in futex(2): the call it made there is a gadget.
  const arch::Regs parked = TRY(interrupt_in_call(t.threads.front().host, SYS_futex));
  // A timed call needs memory for its argument and the restorer has it, so these come before the restorer goes.
  for (const Thread& th : t.threads) {
    task::ThreadRegs& r = ctx_.models.edit<task::RegsModel>().threads.at(th.tid);
    if (r.timed.nr >= 0 && !infect::begins_anew(r.timed.nr)) TRY(resume_timed_call(th.host, r));
  }
  TRY(forget_stops(t, all_stop, parked));
  TRY(remove_restorer(t, arch::call_instruction(parked)));
  for (const Thread& th : t.threads) TRY(set_registers(th));
  if (all_stop || t.state == TaskState::kStopped) TRY(stop_task(t));
  for (const Thread& th : t.threads) TRY(set_mask(t, th));
  return {};
}

/// The children of `t` have been stopped once more: takes back what that told it, the SIGCHLD and, where the stop was
/// waited for before the dump, the status.
Result<> Takeover::forget_stops(const Task& t, bool all_stop, const arch::Regs& parked) {
  const std::uint64_t instruction = arch::call_instruction(parked);
  bool any = false;
  for (TaskIndex c : t.children) {
    const Task& child = ctx_.tree.tasks[c];
    if (!child.alive() || !(all_stop || child.state == TaskState::kStopped)) continue;
    any = true;
    if (child.state == TaskState::kStopped && !child.stop_reported) continue;
    TRY(call_at(t.threads.front().host, instruction, SYS_waitid,
                {P_PID, static_cast<std::uint64_t>(ctx_.tree.number_in(t.space, child.pid)), 0,
                 WSTOPPED | WNOHANG | __WALL, 0}));
  }
  if (!any || signals::is_pending(ctx_.models.get<signals::Model>(), t, SIGCHLD)) return {};
  const std::uint64_t scratch = scratch_of(parked);  // the set of signals, and a timeout of nothing behind it
  const std::uint64_t words[] = {1ull << (SIGCHLD - 1), 0, 0};
  for (std::size_t i = 0; i < std::size(words); ++i) TRY(poke(t.threads.front().host, scratch + 8 * i, words[i]));
  // EAGAIN: the parent has set SA_NOCLDSTOP, or ignores the signal.
  TRY(try_call_at(t.threads.front().host, instruction, SYS_rt_sigtimedwait,
                  {scratch, 0, scratch + 8, sizeof(std::uint64_t)}));
  return {};
}

Result<> Takeover::remove_restorer(const Task& t, std::uint64_t instruction) {
  const TaskSlot& slot = ctx_.shared->task[t.index];
  HostPid leader = t.threads.front().host;
  if (ctx_.models.get<KobjModel>().shares_files(t.pid))
    TRY(call_at(leader, instruction, SYS_close_range, {static_cast<std::uint64_t>(ctx_.first_service_fd), ~0u, 0}));
  return call_at(leader, instruction, SYS_munmap, {slot.arena_base, slot.arena_size, 0});
}

Result<> Takeover::set_registers(const Thread& th) {
  const task::ThreadRegs& r = ctx_.models.get<task::RegsModel>().threads.at(th.tid);
  TRY(arch::set_thread_state(th.host, r.image));
  // Nothing to restart: the image has it rewound already.
  const bool kept = r.timed.nr >= 0 && !infect::begins_anew(r.timed.nr);
  return set_regs(th.host, kept ? arch::continued(r.image.regs) : arch::out_of_call(r.image.regs));
}

Result<> Takeover::set_mask(const Task& t, const Thread& th) {
  const std::uint64_t mask = ctx_.models.get<task::RegsModel>().threads.at(th.tid).sigmask;
  if (ptrace(static_cast<__ptrace_request>(0x420b) /* PTRACE_SETSIGMASK */, th.host.value, sizeof mask, &mask) == 0)
    return {};
  return Error{"engine", "set the signal mask of", format("pid {} tid {}", t.pid, th.tid), errno, ""};
}

/// Brings one task into its group stop while all of its signals are still blocked, so that none of those that are
/// pending is handled before. The stop is complete, and its parent told, with the last thread.
Result<> Takeover::stop_task(const Task& t) {
  auto fail = [&](const char* step) { return Error{"engine", step, format("pid {}", t.pid), errno, ""}; };
  if (kill(t.host.value, SIGSTOP) != 0) return fail("stop");
  for (const Thread& th : t.threads)
    for (int pass_on = 0;;) {
      if (ptrace(PTRACE_CONT, th.host.value, 0, pass_on) != 0) return fail("stop");
      int status = TRY(wait_stop(th.host));
      if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGSTOP) break;
      // A trap that announces the stop asks for nothing; the delivery of the SIGSTOP itself has to be let through.
      pass_on = status >> 16 == 0 ? WSTOPSIG(status) : 0;
    }
  return {};
}

/// A call that begins anew gets what was left of its time. One of a stopped task ends with EINTR when that goes on
/// (signal(7)); here it begins with all of its time.
void Takeover::detach(const Task& t, const Thread& th, bool stopped) {
  const task::ThreadRegs& r = ctx_.models.get<task::RegsModel>().threads.at(th.tid);
  if (stopped || !infect::begins_anew(r.timed.nr)) {
    ptrace(PTRACE_DETACH, th.host.value, 0, 0);
    return;
  }
  infect::detach_with_time(t.host, th.host, r.timed.nr, arch::out_of_call(r.image.regs), r.timed.remaining_ns);
}

Result<> Takeover::let_go(bool stopped) {
  Undertaker undertaker = TRY(Undertaker::hire(ctx_.tree));
  for (const Task& t : ctx_.tree.tasks)
    for (const Thread& th : t.threads) ptrace(PTRACE_SETOPTIONS, th.host.value, 0, PTRACE_O_TRACESYSGOOD);
  undertaker.send_away();  // from here on the engine's death sets the tree free, as a whole
  for (const Task& t : ctx_.tree.tasks)
    for (const Thread& th : t.threads) detach(t, th, stopped || t.state == TaskState::kStopped);
  for (const Task& t : ctx_.tree.tasks)
    if (t.alive() && (stopped || t.state == TaskState::kStopped)) await_stop(t);
  return {};
}

}  // namespace cr::engine
